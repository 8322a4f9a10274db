import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

function isState(label) {
    return {
        content: `The run is ${label}`,
        trigger: `.o_form_view .o_statusbar_status .o_arrow_button_current:contains('${label}')`,
    };
}

function change(hotel, before, proposed) {
    return {
        content: `${hotel} has ${before} and is to have ${proposed}`,
        trigger: `[name='change_ids'] .o_data_row:contains('${hotel}'):has([name='qty_before']:contains('${before}')):has([name='qty_proposed']:contains('${proposed}'))`,
    };
}

function after(hotel, quantity) {
    return {
        content: `${hotel} has ${quantity} now`,
        trigger: `[name='change_ids'] .o_data_row:contains('${hotel}'):has([name='qty_after']:contains('${quantity}'))`,
    };
}

function effect(sentence) {
    return {
        content: `The dialog says: ${sentence}`,
        trigger: `.modal [name='effect'] li:contains('${sentence}')`,
    };
}

/** A run that takes from one order for a more urgent one, and is undone. */
registry.category("web_tour.tours").add("backorder_management_run", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open the app",
            trigger: ".o_app[data-menu-xmlid='backorder_management.menu_backorder_root']",
            run: "click",
        },
        {
            content: "Open the runs",
            trigger:
                ".o_menu_sections [data-menu-xmlid='backorder_management.menu_backorder_run']",
            run: "click",
        },
        {
            content: "Wait for the list of runs",
            trigger: ".o_breadcrumb .active:contains('Reallocation Runs')",
        },
        {
            content: "Start a run",
            trigger: ".o_list_button_add:enabled",
            run: "click",
        },
        {
            content: "Choose who is served first",
            trigger: ".o_form_view .o_field_widget[name='strategy_id'] input",
            run: "edit Tour Stars",
        },
        {
            content: "Take the strategy",
            trigger: ".o-autocomplete--dropdown-item:contains('Tour Stars'):not(:contains('Create'))",
            run: "click",
        },
        {
            content: "Simulate",
            trigger: ".o_form_view button[name='action_simulate']:enabled",
            run: "click",
        },
        isState("Proposed"),
        change("Tour Inn", "5.00", "0.00"),
        change("Tour Palace", "0.00", "5.00"),
        {
            content: "Apply",
            trigger: ".o_form_view button[name='action_open_apply']:enabled",
            run: "click",
        },
        effect("1 demand gains goods."),
        effect("1 demand loses goods."),
        effect("1 order becomes complete."),
        effect("1 order is no longer complete."),
        effect("1 order gets a note, since it loses stock."),
        effect("Goods that move: Tour Decanter."),
        {
            content: "Having read what it does",
            trigger: ".modal button[name='action_apply']:enabled",
            run: "click",
        },
        isState("Applied"),
        after("Tour Palace", "5.00"),
        {
            content: "See who loses",
            trigger: "button[name='action_open_losses']:enabled",
            run: "click",
        },
        {
            content: "Wait for the lines",
            trigger: ".o_breadcrumb .active:contains('Lines of the Run')",
        },
        {
            content: "It says for whom",
            trigger:
                ".o_list_view .o_data_row:contains('Tour Inn'):contains('Outranked by') .o_data_cell[name='partner_id']",
            run: "click",
        },
        {
            content: "It says what would have covered it",
            trigger:
                ".o_form_view [name='smallest_change']:contains('5.00 Units more of Tour Decanter')",
        },
        {
            content: "Back to the losses",
            trigger: ".o_breadcrumb .o_back_button",
            run: "click",
        },
        {
            content: "The losses are there again",
            trigger: ".o_list_view .o_data_row:contains('Tour Inn')",
        },
        {
            content: "Back to the run",
            trigger: ".o_breadcrumb .o_back_button",
            run: "click",
        },
        {
            content: "Undo",
            trigger: ".o_form_view button[name='action_open_undo']:enabled",
            run: "click",
        },
        effect("1 demand gets back what it lost."),
        effect("1 demand gives back what it gained."),
        {
            content: "Having read what it does",
            trigger: ".modal button[name='action_undo']:enabled",
            run: "click",
        },
        isState("Undone"),
        after("Tour Inn", "5.00"),
    ],
});

/** Somebody else applies a run while the list of short lines is open. */
registry.category("web_tour.tours").add("backorder_management_list_follows_runs", {
    steps: () => [
        {
            content: "The palace waits",
            trigger: ".o_data_row td[name='partner_id']:contains('Tour Palace')",
        },
        {
            content: "A run is applied elsewhere, and the browser hears of it",
            trigger: ".o_list_view",
            run: async () => {
                const [run] = await rpc("/web/dataset/call_kw", {
                    model: "backorder.run",
                    method: "search",
                    args: [[["state", "=", "proposed"]]],
                    kwargs: { limit: 1, order: "id desc" },
                });
                await rpc("/web/dataset/call_kw", {
                    model: "backorder.run",
                    method: "action_apply",
                    args: [[run]],
                    kwargs: {},
                });
                odoo.__WOWL_DEBUG__.root.env.services.backorder_refresh.bus.trigger(
                    "divided",
                    { run_id: run }
                );
            },
        },
        {
            content: "The list has followed",
            trigger: ".o_data_row td[name='partner_id']:contains('Tour Inn')",
        },
    ],
});

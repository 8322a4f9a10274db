import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

function openBackorders() {
    return [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open the app",
            trigger: ".o_app[data-menu-xmlid='backorder_management.menu_backorder_root']",
            run: "click",
        },
    ];
}

function openReceipts() {
    return [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open Inventory",
            trigger: ".o_app[data-menu-xmlid='stock.menu_stock_root']",
            run: "click",
        },
        {
            content: "Open the menu of operations",
            trigger: "button[data-menu-xmlid='stock.menu_stock_warehouse_mgmt']",
            run: "click",
        },
        {
            content: "Open the receipts",
            trigger: ".dropdown-item[data-menu-xmlid='stock.in_picking']",
            run: "click",
        },
    ];
}

function checkState(label) {
    return {
        content: `The state at the top says ${label}`,
        trigger: `.o_form_view .o_form_sheet > .o_field_badge[name='backorder_state']:contains('${label}')`,
    };
}

function isDone() {
    return {
        content: "The transfer is done",
        trigger: ".o_form_view .o_statusbar_status .o_arrow_button_current:contains('Done')",
    };
}

/** The main job: from an order that is short to an invoice for each shipment. */
registry.category("web_tour.tours").add("backorder_management_main_job", {
    steps: () => [
        {
            content: "Confirm an order of 5, of which only 2 are there",
            trigger: ".o_form_view button[name='action_confirm']:enabled",
            run: "click",
        },
        checkState("Partly Available"),
        {
            content: "The line says how much is missing",
            trigger: ".o_data_row .o_data_cell[name='qty_backordered']:contains('3.00')",
        },
        ...openBackorders(),
        {
            content: "Look for the product in the list of short lines",
            trigger: ".o_breadcrumb .active:contains('Short Lines')",
        },
        {
            content: "3 are short, 2 are allocated",
            trigger:
                ".o_data_row:contains('Tour Goblet'):has(.o_data_cell[name='qty_short']:contains('3.00')):has(.o_data_cell[name='qty_allocated']:contains('2.00'))",
        },
        {
            content: "From the short line to its order",
            trigger: ".o_data_row:contains('Tour Goblet') .o_data_cell[name='partner_id']",
            run: "click",
        },
        checkState("Partly Available"),
        {
            content: "From the order to its delivery",
            trigger: "button[name='action_view_delivery']:enabled",
            run: "click",
        },
        checkState("Partly Available"),
        {
            content: "Ship what is there",
            trigger: "button[name='button_validate']:enabled",
            run: "click",
        },
        {
            content: "Keep the rest as a backorder",
            trigger: ".modal button[name='process']",
            run: "click",
        },
        isDone(),
        ...openReceipts(),
        {
            content: "Open the receipt that brings the rest",
            trigger: ".o_data_row .o_data_cell[name='partner_id']:contains('Tour Glassworks')",
            run: "click",
        },
        {
            content: "Validate it",
            trigger: ".o_form_view button[name='button_validate']:enabled",
            run: "click",
        },
        isDone(),
        ...openBackorders(),
        {
            content: "Nothing of it is short any more",
            trigger:
                ".o_action_manager:has(.o_breadcrumb .active:contains('Short Lines')):has(.o_list_view):not(:has(.o_data_row:contains('Tour Goblet')))",
        },
        {
            content: "Open the orders with backorders",
            trigger: ".o_menu_sections [data-menu-xmlid='backorder_management.menu_sale_order']",
            run: "click",
        },
        {
            content: "The order has turned to ready",
            trigger:
                ".o_data_row:contains('Tour Hotel'):has(.o_data_cell[name='backorder_state']:contains('Ready')) .o_data_cell[name='partner_id']",
            run: "click",
        },
        checkState("Ready"),
        {
            content: "There are two deliveries now",
            trigger: "button[name='action_view_delivery']:contains('2')",
            run: "click",
        },
        {
            content: "Open the one that is ready",
            trigger:
                ".o_list_view .o_data_row:has(.o_data_cell[name='state']:contains('Ready')) .o_data_cell[name='partner_id']",
            run: "click",
        },
        checkState("Ready"),
        {
            content: "Ship the rest",
            trigger: "button[name='button_validate']:enabled",
            run: "click",
        },
        isDone(),
        checkState("Fulfilled"),
        {
            content: "Back to the order",
            trigger: ".o_breadcrumb .o_back_button",
            run: "click",
        },
        {
            content: "Back from the list of deliveries",
            trigger: ".o_list_view",
        },
        {
            content: "Back to the order",
            trigger: ".o_breadcrumb .o_back_button",
            run: "click",
        },
        checkState("Fulfilled"),
        {
            content: "Invoice",
            trigger: ".o_statusbar_buttons button:contains('Create Invoice')",
            run: "click",
        },
        {
            content: "Create the invoices",
            trigger: ".modal button[name='create_invoices']:enabled",
            run: "click",
        },
        {
            content: "There is one for each of the two shipments",
            trigger: ".o_list_view .o_list_table tbody:has(.o_data_row:eq(1)):not(:has(.o_data_row:eq(2)))",
        },
    ],
});

import { registry } from "@web/core/registry";

const ROW = ".o_data_row:contains('Tour Hotel')";

/** A short line: why this date, what if the purchase is late, and a promise. */
registry.category("web_tour.tours").add("backorder_management_expected_days", {
    steps: () => [
        {
            content: "The short line has an expected day",
            trigger: `${ROW} td[name='eta']:not(:empty)`,
        },
        {
            content: "Ask why",
            trigger: `${ROW} button[name='action_why_expected']`,
            run: "click",
        },
        {
            content: "All of what is missing comes from one purchase, which is a link",
            trigger:
                ".modal .o_field_widget[name='eta_reason'] li:contains('3.00 of 3.00') a",
        },
        {
            content: "Ask what would change",
            trigger: ".modal button[name='action_what_if']",
            run: "click",
        },
        {
            content: "It begins with buying what is missing",
            trigger: ".modal .o_field_widget[name='product_id'] input:value(Tour Goblet)",
        },
        {
            content: "More of it today",
            trigger: ".modal button[name='action_find']",
            run: "click",
        },
        {
            content: "The line would be earlier",
            trigger: ".modal .o_field_widget[name='summary']:contains('Earlier: 1')",
        },
        {
            content: "and is named",
            trigger:
                ".modal .o_field_widget[name='line_ids'] .o_data_row:contains('Tour Goblet')",
        },
        {
            content: "Enough of it",
            trigger: ".modal .modal-footer button:contains('Close')",
            run: "click",
        },
        {
            content: "Open the reasons again",
            trigger: `body:not(:has(.modal)) ${ROW} button[name='action_why_expected']`,
            run: "click",
        },
        {
            content: "Promise the customer a day",
            trigger: ".modal button[name='action_open_promise']",
            run: "click",
        },
        {
            content: "The expected day is proposed",
            trigger:
                ".modal .o_field_widget[name='line_ids'] .o_data_row td[name='date']:not(:empty)",
        },
        {
            content: "Promise it",
            trigger: ".modal button[name='action_give']",
            run: "click",
        },
        {
            content: "Open the order",
            trigger: `body:not(:has(.modal)) ${ROW} td[name='order_id']`,
            run: "click",
        },
        {
            content: "It has one promise",
            trigger:
                "button[name='action_view_promises'] .o_field_widget:contains('1')",
            run: "click",
        },
        {
            content: "which is open",
            trigger: ".o_list_view .o_data_row:contains('Tour Goblet'):contains('Open')",
        },
    ],
});

/** What does not fit into the row is behind a button, which depends on what else is
 * installed. */
const MORE_BUTTONS = {
    content: "Show all buttons",
    trigger: "body:not(:has(.modal)) .o-form-buttonbox",
    run: () => document.querySelector(".o_button_more")?.click(),
};

/** The goods lie in another warehouse: the product says so, and it delivers them. */
registry.category("web_tour.tours").add("backorder_management_where_is_it", {
    steps: () => [
        MORE_BUTTONS,
        {
            content: "The product counts what is free",
            trigger: "button[name='action_where'] .o_stat_value:contains('5')",
            run: "click",
        },
        {
            content: "per warehouse",
            trigger:
                ".modal .o_data_row:contains('Tour North') td[name='free']:contains('5')",
        },
        {
            content: "Nobody is short here: nothing to send",
            trigger: ".modal:not(:has(button[name='action_deliver_from_there']))",
        },
        {
            content: "Enough of it",
            trigger: ".modal .modal-footer button:contains('Close')",
            run: "click",
        },
        MORE_BUTTONS,
        {
            content: "Who misses it?",
            trigger: "button[name='action_view_short_lines']",
            run: "click",
        },
        {
            content: "Open the order",
            trigger: `${ROW} td[name='order_id']`,
            run: "click",
        },
        {
            content: "Where is it?",
            trigger: "td button[name='action_where']",
            run: "click",
        },
        {
            content: "In the north, which delivers it",
            trigger:
                ".modal .o_data_row:contains('Tour North') button[name='action_deliver_from_there']",
            run: "click",
        },
        {
            content: "with a delivery of its own",
            trigger:
                "body:not(:has(.modal)) .o_form_view .o_field_widget[name='name']:contains('TNOR/OUT')",
        },
    ],
});

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

import { registry } from "@web/core/registry";

/** A customer, on his phone: from all he waits for to one line, and what he chooses. */
function choose(product, button, result) {
    return [
        {
            content: "Open the order of what is still to come",
            trigger: `[name='backorder']:contains('${product}') a`,
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The page of the order says what has become of the line",
            trigger: `#backorders [name='backorder']:contains('${product}') a[name='choose']`,
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Choose",
            trigger: `form[name='choices'] button:contains('${button}')`,
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It says what was chosen",
            trigger: `[name='choice_made']:contains('${result}')`,
        },
    ];
}

registry.category("web_tour.tours").add("backorder_management_customer_waits", {
    url: "/my/backorders",
    steps: () => choose("Tour Glass", "Wait", "to wait"),
});

registry.category("web_tour.tours").add("backorder_management_customer_cancels", {
    url: "/my/backorders",
    steps: () =>
        choose("Tour Glass", "Cancel What Is Missing", "to cancel what is missing"),
});

registry.category("web_tour.tours").add("backorder_management_customer_ships", {
    url: "/my/backorders",
    steps: () =>
        choose("Tour Jug", "Ship What Is There Now", "to have shipped what is there now"),
});

registry.category("web_tour.tours").add("backorder_management_customer_takes", {
    url: "/my/backorders",
    steps: () =>
        choose(
            "Tour Glass",
            "Take Instead: Tour Cup",
            "to take Tour Cup instead of what is missing"
        ),
});

/** A salesperson sells something else instead of a part of what is missing. */
registry.category("web_tour.tours").add("backorder_management_replace", {
    steps: () => [
        {
            content: "See what could come instead",
            trigger: ".o_data_row:contains('Tour Glass') button[name='action_substitute']",
            run: "click",
        },
        {
            content: "All of it could be there",
            trigger: ".modal .o_data_row:contains('Tour Cup') td[name='quantity']:contains('9.00')",
        },
        {
            content: "Replace 4 only",
            trigger: ".modal .o_field_widget[name='quantity'] input",
            run: "edit 4 && press Tab",
        },
        {
            content: "What is offered follows",
            trigger: ".modal .o_data_row:contains('Tour Cup') td[name='quantity']:contains('4.00')",
        },
        {
            content: "The first one is chosen",
            trigger: ".modal footer button[name='action_replace']",
            run: "click",
        },
        {
            content: "It has a line of its own",
            trigger:
                ".o_form_view:not(:has(.modal)) .o_data_row:contains('Tour Cup'):contains('Instead of: Tour Glass')",
        },
    ],
});

/** A salesperson does what a customer chose. */
registry.category("web_tour.tours").add("backorder_management_choice_to_do", {
    steps: () => [
        {
            content: "Open what the customer chose",
            trigger: ".o_data_row td[name='product_id']:contains('Tour Glass')",
            run: "click",
        },
        {
            content: "It says what he saw",
            trigger: ".o_field_widget[name='shown']:contains('Waiting: 9')",
        },
        {
            content: "Do it",
            trigger: "button[name='action_do']",
            run: "click",
        },
        {
            content: "It is done",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Done')",
        },
    ],
});

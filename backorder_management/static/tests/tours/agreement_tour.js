import { registry } from "@web/core/registry";

/** A delivery that the agreement holds, why, and a manager's release. */
registry.category("web_tour.tours").add("backorder_management_held_delivery", {
    steps: () => [
        {
            content: "The order says that it is on hold",
            trigger:
                ".o_form_view .o_form_sheet > .o_field_badge[name='backorder_state']:contains('On Hold')",
        },
        {
            content: "Open what else is known of the order",
            trigger: ".o_notebook_headers a:contains('Other Info')",
            run: "click",
        },
        {
            content: "It shows what decided: the customer's agreement",
            trigger:
                ".o_field_widget[name='backorder_policy_source']:contains(\"The customer's agreement\")",
        },
        {
            content: "Open the delivery",
            trigger: "button[name='action_view_delivery']",
            run: "click",
        },
        {
            content: "It is waiting, not ready",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Waiting')",
        },
        {
            content: "It says why",
            trigger:
                ".o_field_widget[name='backorder_hold_reason']:contains('40 % of 80 % by value')",
        },
        {
            content: "Ship it all the same",
            trigger: "button[name='action_override_hold']",
            run: "click",
        },
        {
            content: "Say why",
            trigger: ".modal .o_field_widget[name='reason'] input",
            run: "edit The customer called",
        },
        {
            content: "Release",
            trigger: ".modal button[name='action_release']",
            run: "click",
        },
        {
            content: "It is ready",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Ready')",
        },
        {
            content: "and says why it was released",
            trigger:
                ".o_field_widget[name='backorder_override_reason']:contains('The customer called')",
        },
        {
            content: "Ship it",
            trigger: "button[name='button_validate']:not(:disabled):visible",
            run: "click",
        },
        {
            content: "Nobody is asked what happens to the rest: it is done",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Done')",
        },
    ],
});

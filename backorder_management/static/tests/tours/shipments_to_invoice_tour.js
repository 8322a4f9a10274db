import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

function row(customer, amount) {
    return `.o_list_view .o_data_row:contains('${customer}'):contains('${amount}')`;
}

/** An accountant invoices what has been shipped. */
registry.category("web_tour.tours").add("backorder_management_shipments_to_invoice", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open the accounts",
            trigger: ".o_app[data-menu-xmlid='account.menu_finance']",
            run: "click",
        },
        {
            content: "Open the menu of customers",
            trigger: "button[data-menu-xmlid='account.menu_finance_receivables']",
            run: "click",
        },
        {
            content: "Open the shipments to invoice",
            trigger:
                ".dropdown-item[data-menu-xmlid='backorder_management.menu_shipments_to_invoice']",
            run: "click",
        },
        {
            content: "The list says what is to be invoiced",
            trigger: row("Tour Hotel", "24.00"),
        },
        {
            content: "One invoice failed, and the list says why",
            trigger: `${row("Tour Bar", "48.00")}:contains('Invoice Failed'):contains('The account is archived.') .o_data_cell[name='partner_id']`,
            run: "click",
        },
        {
            content: "So does the shipment",
            trigger: ".o_form_view .alert-danger:contains('The account is archived.')",
        },
        {
            content: "Back to the list",
            trigger: ".o_breadcrumb .o_back_button",
            run: "click",
        },
        {
            content: "Select one shipment of the hotel",
            trigger: `${row("Tour Hotel", "24.00")} .o_list_record_selector input`,
            run: "click",
        },
        {
            content: "Select the other one",
            trigger: `${row("Tour Hotel", "36.00")} .o_list_record_selector input`,
            run: "click",
        },
        {
            content: "Invoice them",
            trigger: "button[name='action_invoice_shipments']:enabled",
            run: "click",
        },
        {
            content: "There is an invoice for the one",
            trigger: `${row("Tour Hotel", "24.00")}:contains('Draft')`,
        },
        {
            content: "And for the other one",
            trigger: `${row("Tour Hotel", "36.00")}:contains('Draft')`,
        },
    ],
});

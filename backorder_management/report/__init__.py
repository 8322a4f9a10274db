from . import backorder_invoice_reconciliation

from . import backorder_event
from . import backorder_invoice_reconciliation

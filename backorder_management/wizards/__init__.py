from . import backorder_acceptance
from . import backorder_block
from . import backorder_override
from . import backorder_cancel
from . import backorder_pin
from . import backorder_run_confirm
from . import stock_backorder_confirmation
from . import stock_return_picking

from . import backorder_acceptance
from . import backorder_block
from . import backorder_pin
from . import backorder_run_confirm

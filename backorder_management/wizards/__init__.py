from . import backorder_block
from . import backorder_pin

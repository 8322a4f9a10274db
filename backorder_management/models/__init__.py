# One file per model and concern; each import line stands alone so that merges stay easy.
from . import backorder_demand
from . import backorder_demand_actions
from . import backorder_refresh
from . import backorder_refresh_actions
from . import product_actions
from . import sale_order
from . import sale_order_actions
from . import sale_order_line
from . import stock_move
from . import stock_move_line
from . import stock_picking
from . import stock_quant
from . import stock_move_reservation
from . import stock_quant_note
from . import stock_rule
from . import stock_rule_push

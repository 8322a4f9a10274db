from . import backorder_demo

{
    "name": "Backorder Management",
    "summary": "The truth about every missing piece: backorder states, fair "
    "reservation on receipt and one invoice per shipment",
    "version": "19.0.1.0.0",
    "category": "Supply Chain/Inventory",
    "author": "The backorder_management founders",
    "website": "https://github.com/backorder-management/backorder-management",
    "license": "LGPL-3",
    # sale_purchase_stock installs itself beside sale_stock and purchase_stock; naming
    # it loads this add-on after sale_mrp, whose `_get_qty_procurement` ends the chain.
    "depends": ["sale_management", "sale_purchase_stock"],
    "data": [
        "security/ir.model.access.csv",
        "security/backorder_security.xml",
        "data/ir_cron.xml",
        "data/ir_cron_refresh.xml",
        "views/backorder_demand_views.xml",
        "views/backorder_refresh_views.xml",
        "views/product_views.xml",
        "views/sale_order_line_views.xml",
        "views/sale_order_views.xml",
        "views/stock_picking_views.xml",
        "views/backorder_menus.xml",
        "security/invoicing_security.xml",
        "views/account_move_views.xml",
        "views/res_config_settings_views.xml",
        "views/res_partner_views.xml",
        "views/sale_order_invoicing_views.xml",
        "views/stock_picking_invoicing_views.xml",
    ],
    "demo": [
        "demo/backorder_partners.xml",
        "demo/backorder_products.xml",
        "demo/backorder_story.xml",
    ],
    "assets": {
        "web.assets_tests": ["backorder_management/static/tests/tours/**/*"],
    },
    "pre_init_hook": "pre_init_hook",
    "post_init_hook": "post_init_hook",
    "application": True,
}

{
    "name": "Backorder Management",
    "summary": "The truth about every missing piece: backorder states, fair "
    "reservation on receipt and one invoice per shipment",
    "version": "19.0.1.0.0",
    "category": "Supply Chain/Inventory",
    "author": "The backorder_management founders",
    "website": "https://github.com/backorder-management/backorder-management",
    "license": "LGPL-3",
    "depends": ["sale_management", "sale_stock", "purchase_stock"],
    "data": [
        "security/ir.model.access.csv",
        "security/backorder_security.xml",
        "data/ir_cron.xml",
        "data/ir_cron_refresh.xml",
    ],
    "demo": [],
    "installable": True,
    "application": True,
}

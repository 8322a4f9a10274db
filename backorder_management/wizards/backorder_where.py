"""Where the goods are that a short line misses, and how they come here."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools.misc import formatLang

from ..models.backorder_stock_figures import StockFigureFinder
from ..models.stock_move import OPEN_STATES


class BackorderWhere(models.TransientModel):
    """The figures of one product, per warehouse, as of when it is opened."""

    _name = "backorder.where"
    _description = "Where Stock Is"

    product_id = fields.Many2one("product.product", required=True, readonly=True)
    product_uom_id = fields.Many2one(related="product_id.uom_id")
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", "Missing In", readonly=True)
    sale_line_id = fields.Many2one("sale.order.line", readonly=True)
    short = fields.Float(digits="Product Unit", readonly=True)
    line_ids = fields.One2many("backorder.where.line", "where_id", readonly=True)
    is_short = fields.Boolean(compute="_compute_is_short")

    @api.depends("line_ids.backordered")
    def _compute_is_short(self):
        for where in self:
            where.is_short = any(line.backordered > 0 for line in where.line_ids)

    @api.model
    def _open_for(self, product, company, demands=()):
        """
        :param demands: `backorder.demand` of a line that are short of it in one
            warehouse, if it is about them
        """
        self.check_access("read")
        demand = demands[:1]
        # sudo: who is served before counts, whoever may see his orders
        finder = StockFigureFinder(self.sudo().env, company)
        found = finder.find(product.ids)
        # sudo: nobody makes one up, what it says is acted on
        where = self.sudo().create(
            {
                "product_id": product.id,
                "company_id": company.id,
                "warehouse_id": demand.warehouse_id.id if demand else False,
                "sale_line_id": demand.sale_line_id.id if demand else False,
                "short": sum(each.qty_short for each in demands),
                "line_ids": [
                    Command.create(
                        {
                            "warehouse_id": warehouse_id,
                            "on_hand": figures.on_hand,
                            "committed": figures.committed,
                            "free": figures.free,
                            "backordered": figures.backordered,
                            "incoming": figures.incoming,
                        }
                    )
                    for (_product_id, warehouse_id), figures in found.items()
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Where Is It?"),
            "res_model": self._name,
            "res_id": where.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def action_replenish(self):
        """Open Odoo's own dialog to replenish, for what nothing brings.

        :raise UserError: nothing is short
        """
        return self._get_demands().action_replenish()

    def action_open_supply(self):
        """Open the purchases, productions or transfers that bring what is missing.

        :raise UserError: nothing does, or the user may not see them
        """
        return self._get_demands().action_open_supply()

    def _get_demands(self):
        """What is short of it: of the line, or of all."""
        self.ensure_one()
        product = self.product_id.with_company(self.company_id)
        demands = product._get_short_demands()
        if self.sale_line_id:
            demands &= self.sudo().sale_line_id.move_ids.backorder_demand_ids
        return demands.with_env(self.env)

    def action_open_quants(self):
        """Open the list by location."""
        self.ensure_one()
        return self.product_id.action_open_quants()


class BackorderWhereLine(models.TransientModel):
    _name = "backorder.where.line"
    _description = "Stock of a Warehouse"
    _order = "free desc, id"

    where_id = fields.Many2one("backorder.where", required=True, ondelete="cascade")
    warehouse_id = fields.Many2one("stock.warehouse", required=True, readonly=True)
    on_hand = fields.Float(digits="Product Unit", readonly=True)
    committed = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="Reserved, or to go to those who wait there.",
    )
    free = fields.Float(digits="Product Unit", readonly=True)
    backordered = fields.Float(digits="Product Unit", readonly=True)
    incoming = fields.Float(digits="Product Unit", readonly=True)
    can_send = fields.Boolean(compute="_compute_can_send")

    @api.depends("free", "warehouse_id", "where_id.warehouse_id", "where_id.short")
    def _compute_can_send(self):
        for line in self:
            here = line.where_id.warehouse_id
            line.can_send = bool(
                here
                and here != line.warehouse_id
                and line.free > 0
                and line.where_id.short > 0
            )

    def action_transfer_here(self):
        """Send what is short from there, as far as it is free, to where it is missing.

        By Odoo's own resupply route between the two warehouses, or else by a transfer.

        :raise UserError: nothing is free there any more
        """
        self.ensure_one()
        # Odoo lets salespeople create transfers, as orders do; this is no order.
        if not self.env.user.has_group("stock.group_stock_user"):
            raise AccessError(self.env._("Ask the warehouse to send it."))
        self._check_not_sent()
        quantity = self._get_quantity_to_send(self._count_unsent())
        route = self._get_resupply_route()
        picking = self._resupply(route, quantity) if route else self._transfer(quantity)
        self._log(picking, quantity)
        return picking._get_records_action()

    def action_deliver_from_there(self):
        """Have that warehouse deliver to the customer what is short, as far as it is
        free there.

        :raise UserError: nothing is free there, or missing here, any more
        """
        self.ensure_one()
        where = self.where_id
        # Salespeople choose where their orders are delivered from, as on the order.
        if not self.env.user.has_group("stock.group_stock_user"):
            where.sale_line_id.order_id.check_access("write")
        pickings = where.sale_line_id._deliver_from(
            self.warehouse_id,
            where.warehouse_id,
            where.product_id,
            self._get_quantity_to_send(),
        )
        return pickings._get_records_action()

    def _get_quantity_to_send(self, most: float | None = None) -> float:
        """What is short, as far as it is still free there.

        :param most: no more than this
        :raise UserError: nothing is
        """
        where = self.where_id
        short = where.short if most is None else min(where.short, most)
        quantity = min(short, self._find_free_now())
        if where.product_id.uom_id.compare(quantity, 0.0) <= 0:
            raise UserError(
                self.env._(
                    "Nothing of %(product)s is free in %(warehouse)s any more: choose "
                    "another warehouse.",
                    product=where.product_id.display_name,
                    warehouse=self.warehouse_id.name,
                )
            )
        return quantity

    def _check_not_sent(self):
        """
        :raise UserError: all that the order misses here is on its way
        """
        where = self.where_id
        unit = where.product_id.uom_id
        if unit.compare(self._count_unsent(), 0.0) <= 0:
            raise UserError(
                self.env._(
                    "%(quantity)s %(unit)s of %(product)s are on their way for "
                    "%(order)s already.",
                    quantity=formatLang(
                        self.env,
                        sum(self._find_sent().mapped("product_qty")),
                        dp="Product Unit",
                    ),
                    unit=unit.name,
                    product=where.product_id.display_name,
                    order=self._get_origin(),
                )
            )

    def _count_unsent(self) -> float:
        """What the order misses here, in all its lines, less what is on its way."""
        where = self.where_id
        # sudo: warehouse staff need not read orders
        lines = where.sudo().sale_line_id.order_id.order_line
        demands = lines.move_ids.backorder_demand_ids.filtered(
            lambda demand: (
                demand.product_id == where.product_id
                and demand.warehouse_id == where.warehouse_id
            )
        )
        sent = self._find_sent()
        return sum(demands.mapped("qty_short")) - sum(sent.mapped("product_qty"))

    def _find_sent(self):
        """Transfers that are to come here for the same order."""
        where = self.where_id
        # sudo: whoever may see them, they are on their way
        env = self.sudo().env
        finder = StockFigureFinder(env, where.company_id)
        arrivals = env["stock.move"].browse(finder.find_arrivals(where.product_id.ids))
        origin = self._get_origin()
        return arrivals.filtered(
            lambda move: (
                # of merged moves, Odoo joins the origins
                f"/{origin}/" in f"/{move.origin or move.picking_id.origin}/"
                and not move.purchase_line_id
                and move._get_target().warehouse_id == where.warehouse_id
            )
        )

    def _find_free_now(self) -> float:
        product, company = self.where_id.product_id, self.where_id.company_id
        # sudo: who is served before counts, whoever may see his orders
        found = StockFigureFinder(self.sudo().env, company).find(product.ids)
        return found[product.id, self.warehouse_id.id].free

    def _get_resupply_route(self):
        """Odoo's route between the two warehouses, if there is one."""
        return self.where_id.warehouse_id.resupply_route_ids.filtered(
            lambda route: route.supplier_wh_id == self.warehouse_id
        )[:1]

    def _resupply(self, route, quantity: float):
        """The transfers that Odoo's route between the two warehouses makes, or to which
        it adds."""
        where = self.where_id
        Rule = self.env["stock.rule"]
        last = self.env["stock.move"].search([], order="id desc", limit=1)
        Rule.run(
            [
                Rule.Procurement(
                    where.product_id,
                    quantity,
                    where.product_uom_id,
                    where.warehouse_id.lot_stock_id,
                    self._get_origin(),
                    self._get_origin(),
                    where.company_id,
                    {"warehouse_id": where.warehouse_id, "route_ids": route},
                )
            ]
        )
        moves = self.env["stock.move"].search(
            [
                ("product_id", "=", where.product_id.id),
                ("rule_id.route_id", "=", route.id),
                ("state", "in", OPEN_STATES),
            ]
        )
        moves = moves.filtered(lambda move: move.id > last.id) or moves
        return moves.picking_id

    def _transfer(self, quantity: float):
        where = self.where_id
        values = {
            "location_id": self.warehouse_id.lot_stock_id.id,
            "location_dest_id": where.warehouse_id.lot_stock_id.id,
        }
        picking = self.env["stock.picking"].create(
            {
                **values,
                "picking_type_id": self.warehouse_id.int_type_id.id,
                "origin": self._get_origin(),
                "move_ids": [
                    Command.create(
                        {
                            **values,
                            "product_id": where.product_id.id,
                            "product_uom_qty": quantity,
                            "product_uom": where.product_uom_id.id,
                        }
                    )
                ],
            }
        )
        picking.action_confirm()
        return picking

    def _get_origin(self) -> str:
        # sudo: warehouse staff need not read orders to name one
        order = self.where_id.sudo().sale_line_id.order_id
        return order.name or self.env._("Short lines")

    def _log(self, pickings, quantity: float) -> None:
        where = self.where_id
        # sudo: warehouse staff need not write orders to note what they have done
        order = where.sudo().sale_line_id.order_id
        if order:
            order._message_log(
                body=self.env._(
                    "%(quantity)s %(unit)s of %(product)s are sent from %(warehouse)s: "
                    "%(transfers)s",
                    quantity=formatLang(self.env, quantity, dp="Product Unit"),
                    unit=where.product_uom_id.name,
                    product=where.product_id.display_name,
                    warehouse=self.warehouse_id.name,
                    transfers=pickings[:1]._get_html_link(),
                )
            )

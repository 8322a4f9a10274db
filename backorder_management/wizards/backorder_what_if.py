"""Asks what would change, and shows the orders whose expected days would be others."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import formatLang

from ..models.backorder_imagined import Bought, Imagined
from ..models.backorder_what_if import Change, find_changes
from ..models.stock_move import OPEN_STATES

KINDS = [
    ("slip", "An arrival is put off"),
    ("short", "An arrival brings less"),
    ("cancel", "An arrival is cancelled"),
    ("buy", "We buy more"),
    ("star", "An order gets a star"),
    ("unstar", "An order loses its star"),
    ("rank", "A customer has another rank"),
]

EFFECTS = [
    ("lost", "Not known any more"),
    ("later", "Later"),
    ("earlier", "Earlier"),
    ("known", "Known now"),
]


class BackorderWhatIf(models.TransientModel):
    """One question: nothing is changed by asking it."""

    _name = "backorder.what.if"
    _description = "What If"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    kind = fields.Selection(KINDS, "What If", required=True, default="slip")
    document = fields.Reference(
        "_get_documents",
        "Arrival",
        help="A purchase, or a transfer that is still to come.",
    )
    days = fields.Integer("Days Later", default=7, help="Below zero: earlier.")
    product_id = fields.Many2one(
        "product.product", domain=[("is_storable", "=", True)], check_company=True
    )
    quantity = fields.Float(
        digits="Product Unit", help="In the product's unit of measure."
    )
    product_uom_id = fields.Many2one(related="product_id.uom_id")
    date = fields.Date(
        "Delivered On",
        default=fields.Date.context_today,
        help="The day on which the vendor delivers.",
    )
    vendor_id = fields.Many2one(
        "res.partner", help="What is known of his lateness counts."
    )
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        check_company=True,
        default=lambda self: self.env.user._get_default_warehouse_id(),
    )
    order_id = fields.Many2one(
        "sale.order", domain=[("state", "=", "sale")], check_company=True
    )
    partner_id = fields.Many2one("res.partner", "Customer")
    rank = fields.Integer(
        default=1, help="The smallest number is served first, where the strategy asks."
    )
    line_ids = fields.One2many(
        "backorder.what.if.line", "what_if_id", "What Would Change", readonly=True
    )
    summary = fields.Text(readonly=True)

    @api.model
    def _get_documents(self):
        names = ["purchase.order", "stock.picking", "mrp.production"]
        models_ = self.env["ir.model"].sudo()  # sudo: their names, for everybody
        return [
            (name, models_._get(name).name)
            for name in names
            if name in self.env and self.env[name].has_access("read")
        ]

    def action_find(self):
        """Find what would change, and show it.

        :raise UserError: it is not clear what is meant, or nothing like that is there
        """
        self.ensure_one()
        self._check_company_of_user()
        self._check_company()
        imagined = Imagined()
        products = getattr(self, f"_imagine_{self.kind}")(imagined)
        # sudo: who is served before counts, whoever may see his orders
        env = self.sudo().with_company(self.company_id).env
        changes = find_changes(env, products.ids, imagined, fields.Datetime.now())
        orders = env["sale.order"].browse({change.order_id for change in changes})
        own = set(orders.filtered(lambda each: each.company_id == self.company_id).ids)
        self._show([change for change in changes if change.order_id in own])
        return self._open()

    def _check_company_of_user(self):
        if self.company_id not in self.env.companies:
            raise AccessError(
                self.env._(
                    "Switch to %(company)s to ask about its orders.",
                    company=self.company_id.sudo().name,
                )
            )

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What If"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    # ------------------------------------------------------------- what is imagined

    def _imagine_slip(self, imagined):
        moves = self._get_moves()
        if not self.days:
            raise UserError(self.env._("Enter by how many days it is put off."))
        if self.document._name == "purchase.order":
            imagined.put_off_purchase(moves, self.days)
        else:
            imagined.put_off(moves, self.days)
        return moves.product_id

    def _imagine_short(self, imagined):
        moves = self._get_moves()
        if len(moves.product_id) > 1:
            raise UserError(
                self.env._(
                    "%(document)s brings several products: choose one.",
                    document=self.document.display_name,
                )
            )
        coming = sum(moves.mapped("product_qty"))
        unit = moves.product_id.uom_id
        if self.quantity < 0 or unit.compare(self.quantity, coming) >= 0:
            raise UserError(
                self.env._(
                    "%(document)s is to bring %(quantity)s %(unit)s: enter less, but "
                    "not below zero.",
                    document=self.document.display_name,
                    quantity=formatLang(self.env, coming, dp="Product Unit"),
                    unit=unit.name,
                )
            )
        imagined.cut(moves, self.quantity)
        return moves.product_id

    def _imagine_cancel(self, imagined):
        document = self._get_document()
        if document._name == "purchase.order" and not self.product_id:
            imagined.cancel_purchase(document.sudo())
        else:
            imagined.cancel(self._get_moves())
        moves = self.env["stock.move"].browse(imagined.cancelled | imagined.freed)
        if not moves:
            self._refuse_document()
        return moves.sudo().product_id

    def _imagine_buy(self, imagined):
        if not self.product_id or not self.warehouse_id or not self.date:
            raise UserError(
                self.env._("Choose what would be bought, for which warehouse and day.")
            )
        if self.product_id.uom_id.compare(self.quantity, 0.0) <= 0:
            raise UserError(self.env._("Enter how much would be bought."))
        if self.date < fields.Date.context_today(self):
            raise UserError(
                self.env._("Nobody delivers in the past: choose a day to come.")
            )
        bought = Bought(
            self.product_id.sudo(),
            self.warehouse_id.sudo(),
            self.quantity,
            self.date,
            self.vendor_id.sudo().commercial_partner_id,
        )
        imagined.buy([bought])
        return self.product_id

    def _imagine_star(self, imagined):
        return self._imagine_stars(imagined, starred=True)

    def _imagine_unstar(self, imagined):
        return self._imagine_stars(imagined, starred=False)

    def _imagine_stars(self, imagined, starred):
        if not self.order_id:
            raise UserError(self.env._("Choose an order."))
        self.order_id.check_access("read")
        moves = self._get_demands([("order_id", "=", self.order_id.id)]).move_id
        if not moves:
            raise UserError(
                self.env._(
                    "%(order)s waits for nothing: choose another order.",
                    order=self.order_id.display_name,
                )
            )
        imagined.star(moves, starred)
        return moves.product_id

    def _imagine_rank(self, imagined):
        if not self.partner_id:
            raise UserError(self.env._("Choose a customer."))
        customer = self.partner_id.commercial_partner_id
        demands = self._get_demands([("partner_id", "child_of", customer.id)])
        if not demands:
            raise UserError(
                self.env._(
                    "%(customer)s waits for nothing: choose another customer.",
                    customer=customer.display_name,
                )
            )
        imagined.rank(demands.order_id, self.rank)
        return demands.product_id

    def _get_demands(self, domain):
        # sudo: what is asked for is of orders that the user could choose
        return (
            self.env["backorder.demand"]
            .sudo()
            .search([("company_id", "=", self.company_id.id), *domain])
        )

    def _get_document(self):
        """
        :raise UserError: none is chosen
        """
        if not self.document:
            raise UserError(
                self.env._("Choose the purchase or the transfer that this is about.")
            )
        self.document.check_access("read")
        return self.document

    def _get_moves(self):
        """What the arrival is still to bring, of one product where one is chosen.

        :raise UserError: nothing
        """
        document = self._get_document()
        moves = {
            "purchase.order": lambda: document.order_line.move_ids,
            "stock.picking": lambda: document.move_ids,
            "mrp.production": lambda: document.move_finished_ids,
        }[document._name]()
        moves = moves.sudo().filtered(
            lambda move: (
                move.state in OPEN_STATES and move.company_id == self.company_id
            )
        )
        if self.product_id and self.kind != "buy":
            moves = moves.filtered(lambda move: move.product_id == self.product_id)
        if not moves:
            self._refuse_document()
        return moves

    def _refuse_document(self):
        raise UserError(
            self.env._(
                "%(document)s is to bring nothing of it any more: choose another "
                "arrival.",
                document=self.document.display_name,
            )
        )

    # ------------------------------------------------------------------ the answer

    def _show(self, changes: list[Change]):
        readable = self.env["sale.order.line"].search(
            [("id", "in", [change.line_id for change in changes])]
        )
        order_ids = set(
            self.env["sale.order"].search([("id", "in", readable.order_id.ids)]).ids
        )
        shown = [
            change
            for change in changes
            if change.line_id in readable._ids and change.order_id in order_ids
        ]
        own = self.sudo()  # sudo: nobody makes up answers
        own.line_ids.unlink()
        own.line_ids.create([self._prepare_line(change) for change in shown])
        self.summary = self._summarize(len(changes) - len(shown))

    def _prepare_line(self, change: Change) -> dict:
        return {
            "what_if_id": self.id,
            "sale_line_id": change.line_id,
            "order_id": change.order_id,
            "before": change.before,
            "after": change.after,
            "order_before": change.order_before,
            "order_after": change.order_after,
            "effect": get_effect(change),
            "days": (change.after - change.before).days
            if change.after and change.before
            else 0,
        }

    def _summarize(self, hidden: int) -> str:
        counts = self.line_ids.grouped("effect")
        texts = [
            self.env._(
                "%(effect)s: %(number)s",
                effect=label,
                number=len(counts[effect]),
            )
            for effect, label in self.line_ids._fields["effect"]._description_selection(
                self.env
            )
            if effect in counts
        ]
        if hidden:
            texts.append(
                self.env._("of orders that you may not see: %(number)s", number=hidden)
            )
        return ", ".join(texts) or self._explain_nothing()

    def _explain_nothing(self) -> str:
        if self.kind == "rank" and not self._does_rank_count():
            return self.env._(
                "No expected day would change: the strategy in use does not look at "
                "the customer's rank."
            )
        return self.env._("No expected day would change.")

    def _does_rank_count(self) -> bool:
        Strategy = self.env["backorder.strategy"].sudo()  # as for all orders
        warehouses = (
            self.env["stock.warehouse"]
            .sudo()
            .search([("company_id", "=", self.company_id.id)])
        )
        strategies = Strategy.union(
            *(Strategy._get_for(self.company_id, each) for each in warehouses)
        )
        return "policy_rank" in strategies.criterion_ids.mapped("criterion")


def get_effect(change: Change) -> str:
    if not change.after:
        return "lost"
    if not change.before:
        return "known"
    return "later" if change.after > change.before else "earlier"


class BackorderWhatIfLine(models.TransientModel):
    """An order line whose expected day would be another one."""

    _name = "backorder.what.if.line"
    _description = "What Would Change"
    _order = "effect, days desc, id"

    what_if_id = fields.Many2one("backorder.what.if", required=True, ondelete="cascade")
    sale_line_id = fields.Many2one("sale.order.line", ondelete="cascade")
    order_id = fields.Many2one("sale.order", ondelete="cascade")
    partner_id = fields.Many2one(related="order_id.partner_id")
    product_id = fields.Many2one(related="sale_line_id.product_id")
    before = fields.Date("Now")
    after = fields.Date("Then")
    order_before = fields.Date("Order Now")
    order_after = fields.Date("Order Then")
    days = fields.Integer(help="Days later; below zero: earlier.")
    effect = fields.Selection(EFFECTS)

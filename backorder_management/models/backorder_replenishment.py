"""What is under way to those who wait: nothing, drafts, orders, goods on the road or at
the gate.

Quantities are in the products' units of measure.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..planning.replenishment import (
    CONFIRMED,
    DRAFT,
    NONE,
    RECEIVED,
    TRANSIT,
    find_least_advanced,
    find_most_advanced,
    get_left,
    get_stage,
)
from .backorder_acceptance_words import Words
from .backorder_eta import EtaFinder
from .backorder_eta_why import get_document
from .backorder_facts import get_arrivals_query
from .stock_move import OPEN_STATES

STAGES = [
    (NONE, "Nothing ordered"),
    (DRAFT, "Drafted"),
    (CONFIRMED, "Ordered"),
    (TRANSIT, "In transit"),
    (RECEIVED, "Received, not in stock yet"),
]

# Requests for quotation and what waits for approval.
DRAFT_PURCHASES = ("draft", "sent", "to approve")


@dataclass(slots=True)
class Supply:
    """
    :ivar quantities: by stage
    :ivar move_ids: what brings it
    :ivar purchase_ids: drafts that would bring it
    """

    quantities: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    move_ids: list[int] = field(default_factory=list)
    purchase_ids: list[int] = field(default_factory=list)


class StageFinder:
    """Finds what is under way to places. Needs the rights of the superuser."""

    def __init__(self, env, company):
        self.env = env
        self.company = company
        self.digits = env["decimal.precision"].precision_get("Product Unit")

    def find(self, pools) -> dict[tuple[int, int], Supply]:
        """
        :param pools: ids of products and places
        """
        result = {pool: Supply() for pool in pools}
        product_ids = sorted({product_id for product_id, _place_id in pools})
        place_ids = sorted({place_id for _product_id, place_id in pools})
        self.env.flush_all()
        for pool, move_id, quantity, *facts in self._read_moves(product_ids, place_ids):
            if pool in result:
                transit, inside, draft, behind = facts
                stage = get_stage(
                    is_draft=draft, leaves_transit=transit, is_in_warehouse=inside
                )
                left = get_left(quantity, behind, self.digits)
                result[pool].quantities[stage] += left
                result[pool].quantities[CONFIRMED] += quantity - left
                result[pool].move_ids.append(move_id)
        for pool, purchase_id, quantity in self._read_drafts(product_ids, place_ids):
            if pool in result:
                result[pool].quantities[DRAFT] += quantity
                result[pool].purchase_ids.append(purchase_id)
        return result

    def _read_moves(self, product_ids, place_ids):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT arrival.product_id, arrival.place_id, arrival.move_id,
                       arrival.product_qty::float, source.usage = 'transit',
                       source.usage = 'internal'
                           AND source.warehouse_id = place.warehouse_id,
                       FALSE, COALESCE(before.behind, 0)::float
                  FROM (%(arrivals)s) arrival
                  JOIN stock_move move ON move.id = arrival.move_id
                  JOIN stock_location source ON source.id = move.location_id
                  JOIN stock_location place ON place.id = arrival.place_id
                  LEFT JOIN LATERAL (
                       SELECT SUM(origin.product_qty) AS behind
                         FROM stock_move_move_rel chain
                         JOIN stock_move origin ON origin.id = chain.move_orig_id
                        WHERE chain.move_dest_id = move.id
                          AND origin.product_id = move.product_id
                          AND origin.state IN %(open)s) before ON TRUE
                 WHERE arrival.product_qty > 0
                 UNION ALL
                SELECT move.product_id, place.id, move.id, move.product_qty::float,
                       FALSE, FALSE, TRUE, 0
                  FROM stock_move move
                  JOIN stock_location source ON source.id = move.location_id
                  JOIN stock_location target
                    ON target.id = COALESCE(move.location_final_id,
                                            move.location_dest_id)
                  JOIN stock_location place
                    ON place.id = ANY(%(places)s)
                   AND starts_with(target.parent_path, place.parent_path)
                   AND NOT starts_with(source.parent_path, place.parent_path)
                 WHERE move.state = 'draft' AND move.product_id = ANY(%(products)s)
                   AND move.company_id = %(company)s AND move.product_qty > 0
                """,
                arrivals=get_arrivals_query(self.company.id, place_ids, product_ids),
                places=place_ids,
                products=product_ids,
                company=self.company.id,
                open=OPEN_STATES,
            )
        )
        return [((row[0], row[1]), *row[2:]) for row in rows]

    def _read_drafts(self, product_ids, place_ids):
        """Lines of requests for quotation that are for nobody's own chain."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.product_id, place.id, purchase.id,
                       line.product_uom_qty::float
                  FROM purchase_order_line line
                  JOIN purchase_order purchase ON purchase.id = line.order_id
                  JOIN stock_picking_type kind ON kind.id = purchase.picking_type_id
                  JOIN stock_warehouse warehouse ON warehouse.id = kind.warehouse_id
                  JOIN stock_location stock ON stock.id = warehouse.lot_stock_id
                  JOIN stock_location entry ON entry.id = kind.default_location_dest_id
                  JOIN stock_location place
                    ON place.id = ANY(%(places)s)
                   AND starts_with(stock.parent_path, place.parent_path)
                 WHERE purchase.state IN %(drafts)s AND line.product_uom_qty > 0
                   AND line.product_id = ANY(%(products)s)
                   AND purchase.company_id = %(company)s AND entry.usage = 'internal'
                   AND NOT EXISTS (
                        SELECT FROM stock_move_created_purchase_line_rel own
                         WHERE own.created_purchase_line_id = line.id)
                """,
                places=place_ids,
                products=product_ids,
                company=self.company.id,
                drafts=DRAFT_PURCHASES,
            )
        )
        return [((row[0], row[1]), row[2], row[3]) for row in rows]

    def find_own(self, move) -> Supply:
        """What is under way for a move that is made to order."""
        supply = Supply()
        chain = move._get_open_backorder_chain() - move
        for origin in chain:
            source = origin.location_id
            stage = get_stage(
                is_draft=origin.state == "draft",
                leaves_transit=source.usage == "transit",
                is_in_warehouse=source.usage == "internal"
                and source.warehouse_id == move.location_id.warehouse_id,
            )
            before = (origin.move_orig_ids & chain).filtered(
                lambda each, product=origin.product_id: each.product_id == product
            )
            behind = sum(before.mapped("product_qty"))  # counted at its own stage
            supply.quantities[stage] += get_left(
                origin.product_qty, behind, self.digits
            )
            supply.move_ids.append(origin.id)
        for line in move.created_purchase_line_ids:
            if line.order_id.state in DRAFT_PURCHASES:
                supply.quantities[DRAFT] += line.product_uom_qty
                supply.purchase_ids.append(line.order_id.id)
        return supply


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    replenishment = fields.Selection(
        STAGES,
        compute="_compute_replenishment",
        search="_search_replenishment",
        compute_sudo=True,  # the same for whoever may see the line
        help="How far the most advanced part is of what is to come to where the line "
        "takes its goods from, whoever gets it.",
    )
    replenishment_summary = fields.Char(
        "Under Way",
        compute="_compute_replenishment",
        compute_sudo=True,
        help="In the product's unit of measure.",
    )

    @api.depends_context("lang")
    def _compute_replenishment(self):
        labels = dict(self._fields["replenishment"]._description_selection(self.env))
        words = Words(self.env)
        supplies = self._find_supplies()
        for demand in self:
            quantities = supplies[demand].quantities
            demand.replenishment = find_most_advanced(quantities)
            demand.replenishment_summary = ", ".join(
                self.env._(
                    "%(stage)s: %(quantity)s",
                    stage=labels[stage],
                    quantity=words.get_number(quantity),
                )
                for stage, quantity in quantities.items()
                if quantity > 0
            )

    def _find_supplies(self) -> dict:
        """What is under way for each of these demands."""
        result = {}
        # sudo: what is under way does not depend on who asks
        for company, rows in self.sudo().grouped("company_id").items():
            finder = StageFinder(rows.env, company)
            shared = rows.filtered(lambda row: not row.own_chain)
            pools = {(row.product_id.id, row.location_id.id) for row in shared}
            found = finder.find(pools) if pools else {}
            for row in rows:
                result[row] = (
                    finder.find_own(row.move_id)
                    if row.own_chain
                    else found[row.product_id.id, row.location_id.id]
                )
        return {row.with_env(self.env): supply for row, supply in result.items()}

    @api.model
    def _search_replenishment(self, operator, value):
        if operator != "in":
            return NotImplemented
        # sudo: the rows that the user may see are chosen by the search itself
        short = self.sudo().search(
            [("qty_short", ">", 0), ("company_id", "in", self.env.companies.ids)]
        )
        supplies = short._find_supplies()
        found = [
            row.id
            for row, supply in supplies.items()
            if find_most_advanced(supply.quantities) in value
        ]
        return Domain("id", "in", found)

    # --------------------------------------------------------------------- actions

    def action_replenish(self):
        """Open Odoo's own dialog to replenish, for what nothing brings to the first of
        their warehouses.

        :raise UserError: nothing is short
        """
        # sudo: who is served before counts, whoever may see his orders
        rows = self.sudo()
        first = rows[:1]
        if not first:
            raise UserError(self.env._("Nothing is missing."))
        own = rows.filtered(
            lambda row: (
                row.product_id == first.product_id
                and row.warehouse_id == first.warehouse_id
            )
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "stock.action_product_replenish"
        )
        action["context"] = {
            "default_product_id": first.product_id.id,
            "default_product_tmpl_id": first.product_id.product_tmpl_id.id,
            "default_quantity": own._count_missing() or sum(own.mapped("qty_short")),
            "default_warehouse_id": first.warehouse_id.id,
        }
        return action

    def _count_missing(self) -> float:
        """What nothing brings of these demands for one product, in its unit. Needs the
        rights of the superuser."""
        finder = EtaFinder(self.env, fields.Datetime.now())
        found = finder.find(self.product_id.ids)
        return sum(found[move.id].missing for move in self.move_id if move.id in found)

    def action_open_supply(self):
        """Open the purchases, productions or transfers that bring what is missing.

        :raise UserError: nothing does, or the user may not see them
        """
        documents = self._get_supply_documents()
        if not documents:
            raise UserError(
                self.env._(
                    "Nothing is ordered of %(product)s: replenish it first.",
                    # sudo: it has been asked about
                    product=", ".join(self.sudo().product_id.mapped("display_name")),
                )
            )
        for records in documents.values():
            readable = records.with_env(self.env)
            if readable.has_access("read"):
                return readable._get_records_action()
        raise UserError(
            self.env._(
                "You may not see what is ordered. Ask the purchase department or the "
                "warehouse."
            )
        )

    def _get_supply_documents(self) -> dict:
        """Documents by model, purchases first."""
        supplies = self._find_supplies().values()
        # sudo: whether the user may see them is asked before they are opened
        env = self.sudo().env
        found = defaultdict(dict)
        for supply in supplies:
            purchases = env["purchase.order"].browse(supply.purchase_ids)
            moves = env["stock.move"].browse(supply.move_ids)
            for document in [*purchases, *map(get_document, moves)]:
                if document:
                    found[document._name][document.id] = True
        return {
            name: env[name].browse(ids)
            for name, ids in sorted(
                found.items(), key=lambda each: each[0] != "purchase.order"
            )
        }


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_replenishment = fields.Selection(
        STAGES,
        "Replenishment",
        compute="_compute_backorder_replenishment",
        compute_sudo=True,
        groups="base.group_user",
        help="How far what is missing is under way; of several products, the last one.",
    )

    @api.depends("move_ids.backorder_demand_ids.qty_short")
    def _compute_backorder_replenishment(self):
        # most lines are not short, and ask for nothing
        short = self.filtered("qty_backordered")
        (self - short).backorder_replenishment = False
        demands = short.move_ids.backorder_demand_ids.filtered("qty_short")
        by_line = demands.grouped("sale_line_id")
        for line in short:
            own = by_line.get(line._origin, demands.browse())
            line.backorder_replenishment = (
                find_least_advanced(own.mapped("replenishment")) if own else False
            )

    def action_replenish(self):
        """Open Odoo's own dialog to replenish what these lines miss."""
        return self._get_short_demand().action_replenish()

    def action_open_supply(self):
        """Open what brings what these lines miss."""
        return self._get_short_demand().action_open_supply()

    def _get_short_demand(self):
        """
        :raise UserError: nothing is short
        """
        demands = self.move_ids.backorder_demand_ids.filtered("qty_short")
        if not demands:
            raise UserError(self.env._("Nothing is missing."))
        return demands[:1]

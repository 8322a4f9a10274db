import { StockListView } from "@stock/views/stock_empty_list_help";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

// One run is said once for each of its commits; and many people look at one list.
const WAIT = 500;

/** Load the records again after a run, unless somebody is at work on them. */
function useRefresh(controller) {
    const refresh = useDebounced(async () => {
        const root = controller.model.root;
        if (!root.editedRecord && !root.selection?.length) {
            await root.load();
            controller.model.notify();
        }
    }, WAIT);
    useBus(useService("backorder_refresh").bus, "divided", refresh);
}

export class RefreshedListController extends ListController {
    setup() {
        super.setup();
        useRefresh(this);
    }
}

export class RefreshedKanbanController extends KanbanController {
    setup() {
        super.setup();
        useRefresh(this);
    }
}

registry.category("views").add("backorder_refreshed_list", {
    ...listView,
    Controller: RefreshedListController,
});
registry.category("views").add("backorder_refreshed_kanban", {
    ...kanbanView,
    Controller: RefreshedKanbanController,
});
registry.category("views").add("backorder_refreshed_stock_list", {
    ...StockListView,
    Controller: RefreshedListController,
});

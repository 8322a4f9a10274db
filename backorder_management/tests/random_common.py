"""Stories: what people do, one thing after the other, drawn at random."""

from contextlib import contextmanager

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

a_few_stories = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # shrinking takes minutes
    suppress_health_check=list(HealthCheck),
)


def stories(deeds, most=12, shortest=3, longest=12):
    """Deeds, each with a quantity, and a number to choose by among what there is."""
    return st.lists(
        st.tuples(st.sampled_from(deeds), st.integers(1, most), st.integers(0, 5)),
        min_size=shortest,
        max_size=longest,
    )


class StoryMixin:
    def _choose(self, records, choice):
        return records[choice % len(records)] if records else records

    @contextmanager
    def _undone(self):
        """Afterwards nothing of it has happened."""
        savepoint = self.env.cr.savepoint(flush=False)
        try:
            yield
        finally:
            self.env.cr.precommit.clear()
            savepoint.close(rollback=True)
            self.env.invalidate_all(flush=False)

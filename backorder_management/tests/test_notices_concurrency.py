"""Several workers tell the same customers at the same time."""

from odoo.tests import tagged

from .concurrency_common import ConcurrencyCase

WORKERS = 3
CUSTOMERS = 20


class NoticesConcurrencyCase(ConcurrencyCase):
    """Real processes and real commits, on a copy of the database."""

    worker = "concurrent_notices.py"

    def _start_together(self, command):
        workers = [self._start(command) for _ in range(WORKERS)]
        for worker in workers:
            self.assertEqual(worker.stdout.readline(), "ready\n")
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        return workers

    def _finish(self, process):
        _output, errors = process.communicate("go\n", timeout=120)
        self.assertEqual(process.returncode, 0, errors)


@tagged("post_install", "-at_install")
class TestNoticesConcurrency(NoticesConcurrencyCase):
    def test_each_customer_is_told_once(self):
        """
        GIVEN 20 orders of as many customers, of goods that are not there
        WHEN three workers look for what there is to tell at the same time, and once
            more afterwards
        THEN there are 20 notices, 20 messages and 20 mails, and nothing has failed
        """
        self._finish(self._start("prepare"))
        for worker in [*self._start_together("tell"), self._start("tell")]:
            self._finish(worker)
        counts = self._query(
            """
            SELECT (SELECT COUNT(*) FROM backorder_notice WHERE state = 'sent'),
                   (SELECT COUNT(*) FROM backorder_notice),
                   (SELECT COUNT(*) FROM backorder_notice_line WHERE is_latest),
                   (SELECT COUNT(*) FROM mail_message
                     WHERE subject LIKE '%not everything is there yet'),
                   (SELECT COUNT(DISTINCT partner.email)
                      FROM mail_mail mail
                      JOIN mail_message message ON message.id = mail.mail_message_id
                      JOIN mail_mail_res_partner_rel recipient
                        ON recipient.mail_mail_id = mail.id
                      JOIN res_partner partner ON partner.id = recipient.res_partner_id
                     WHERE message.subject LIKE '%not everything is there yet')
            """
        )
        self.assertEqual(counts, [(CUSTOMERS,) * 5])


@tagged("post_install", "-at_install")
class TestChoicesConcurrency(NoticesConcurrencyCase):
    def test_button_that_is_pressed_twice_counts_once(self):
        """
        GIVEN a customer who may cancel what is missing
        WHEN his button is pressed three times at the very same time
        THEN one choice was made, and one piece cancelled; who came second was told to
            try again, or got the same answer
        """
        self._finish(self._start("prepare"))
        for worker in self._start_together("choose"):
            _output, errors = worker.communicate(timeout=120)
            if worker.returncode:  # Odoo's server begins such a request anew
                self.assertIn("could not serialize access", errors)
        [counts] = self._query(
            """
            SELECT (SELECT COUNT(*) FROM backorder_choice WHERE made_at IS NOT NULL),
                   (SELECT SUM(quantity) FROM backorder_cancellation),
                   (SELECT SUM(qty_cancelled) FROM sale_order_line)
            """
        )
        self.assertEqual(counts, (1, 1, 1))

"""Several workers tell the same customers at the same time."""

from odoo.tests import tagged

from .concurrency_common import ConcurrencyCase

WORKERS = 3
CUSTOMERS = 20


@tagged("post_install", "-at_install")
class TestNoticesConcurrency(ConcurrencyCase):
    """Real processes and real commits, on a copy of the database."""

    worker = "concurrent_notices.py"

    def test_each_customer_is_told_once(self):
        """
        GIVEN 20 orders of as many customers, of goods that are not there
        WHEN three workers look for what there is to tell at the same time, and once
            more afterwards
        THEN there are 20 notices, 20 messages and 20 mails, and nothing has failed
        """
        self._finish(self._start("prepare"))
        workers = [self._start("tell") for _ in range(WORKERS)]
        for worker in workers:
            self.assertEqual(worker.stdout.readline(), "ready\n")
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        for worker in [*workers, self._start("tell")]:
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

    def _finish(self, process):
        _output, errors = process.communicate("go\n", timeout=120)
        self.assertEqual(process.returncode, 0, errors)

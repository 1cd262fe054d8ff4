# GET /api/employees: everyone of whom an event was accepted, page by page, over all partitions of a real store.
import unittest
from urllib.parse import quote

from contract import ACKNOWLEDGEMENT, EMPLOYEE, acknowledgement, employee_created, fresh, photo_updated
from harness import ServerCase


class EmployeeList(ServerCase):
    flags = ("--partitions", "3")

    def page(self, limit, cursor):
        query = f"?limit={limit}" + ("" if cursor is None else f"&cursor={quote(cursor, safe='')}")
        response = self.server.get("/api/employees" + query)
        self.assertEqual(response.status, 200, response)
        return [item["staffId"] for item in response.json()["data"]], response.json()["next"]

    def everyone(self, limit, between=lambda: None):
        """All ids in the order given; a page that has a next one is never empty."""
        ids, cursor = [], None
        while True:
            some, following = self.page(limit, cursor)
            self.assertLessEqual(len(some), limit)
            ids += some
            if following is None:
                return ids
            self.assertTrue(some)
            self.assertNotEqual(following, cursor)
            cursor = following
            between()

    def test_everyone_is_listed_at_once_after_the_answer_and_nobody_else(self):
        known = set(self.everyone(1000))
        added = {fresh("EMP-山田") for _ in range(60)} | {fresh("a:b") for _ in range(3)}
        for staff_id in added:
            self.accept(EMPLOYEE, employee_created(staff_id))
            self.accept(ACKNOWLEDGEMENT, acknowledgement())
        only_photo = fresh("EMP")
        self.accept(EMPLOYEE, photo_updated(only_photo))
        for limit in (1, 7, 100, 1000):
            with self.subTest(limit=limit):
                self.assertEqual(sorted(self.everyone(limit)), sorted(known | added | {only_photo}))

    def test_nobody_is_missed_while_others_come(self):
        before = {fresh("EMP") for _ in range(200)}
        for staff_id in before:
            self.accept(EMPLOYEE, employee_created(staff_id))
        more = iter(range(150))

        def hire():
            if next(more, None) is not None:
                for _ in range(5):
                    self.accept(EMPLOYEE, employee_created(fresh("EMP")))
        self.assertLessEqual(before, set(self.everyone(10, hire)))

    def test_it_needs_a_token_and_a_cursor_of_its_own(self):
        self.check_problem(self.server.get("/api/employees", token=None), 401)
        for query in ("cursor=", "cursor=x", "cursor=9:0", "cursor=0:-1", "limit=0", "limit=1001"):
            self.check_problem(self.server.get(f"/api/employees?{query}"), 400)
        self.assertEqual(self.server.request("POST", "/api/employees").status, 405)


if __name__ == "__main__":
    unittest.main()

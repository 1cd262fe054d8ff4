# The README's first steps work as printed: every ```sh block after a line "<!-- test -->", in order, in one shell.
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BINARY, PATIENCE, ROOT, free_port, is_running, wait_until

BLOCK = re.compile(r"^<!-- test -->[ \t]*\n```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
MARK = "denrei-readme-block"


class Readme(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="denrei-readme-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name in ("config", "scripts"):
            if (ROOT / name).exists():
                (self.folder / name).symlink_to(ROOT / name)
        (self.folder / "build").symlink_to(BINARY.parent)

    def blocks(self):
        found = BLOCK.findall((ROOT / "README.md").read_text())
        self.assertTrue(found, "README.md marks no block with <!-- test -->")
        return found

    def with_free_ports(self, text):
        for number in ("4000", "4001"):
            text = re.sub(rf"(?<!\d){number}(?!\d)", str(free_port()), text)
        return text

    def run_blocks(self, blocks):
        """All blocks in one bash; what the last one printed, and everything."""
        script = self.with_free_ports("\n".join(f"echo {MARK}\n{block}" for block in blocks))
        environment = {"PATH": f"{BINARY.parent}:{os.environ.get('PATH', '')}", "DENREI_BIN": str(BINARY), "HOME": str(self.folder),
                       "LANG": "C.UTF-8"}
        log = self.folder / "output"
        with open(log, "wb") as out:
            shell = subprocess.Popen(["bash", "-euo", "pipefail", "-c", script], cwd=self.folder, env=environment, stdout=out,
                                     stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(self.end_session, shell.pid)
        try:
            code = shell.wait(60 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.fail(f"the README's steps do not end\n{log.read_text()}")
        text = log.read_text()
        self.assertEqual(code, 0, text)
        return text.rsplit(MARK, 1)[1], text

    def members(self, session):
        """The processes of a session that this test opened (a server left in the background is one)."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[3]) == session and is_running(int(entry.name)):
                    found.append(int(entry.name))
            except OSError:
                pass
        return found

    def end_session(self, session):
        for pid in self.members(session):
            os.kill(pid, signal.SIGTERM)
        try:
            wait_until(lambda: not self.members(session), "the README's server does not stop")
        finally:
            for pid in self.members(session):
                os.kill(pid, signal.SIGKILL)

    def test_the_first_steps_end_with_the_employee(self):
        blocks = self.blocks()
        staff = re.search(r'\\?"staffId\\?"\s*:\s*\\?"([^"\\]+)', "\n".join(blocks))
        self.assertTrue(staff, "no staffId in the README's blocks")
        last, everything = self.run_blocks(blocks)
        self.assertIn(staff[1], last, everything)


if __name__ == "__main__":
    unittest.main()

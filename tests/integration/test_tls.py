# TLS on the public listener, certificates that change while it runs, and who may come at all (require_tls, allow).
import shutil
import signal
import ssl
import subprocess
import tempfile
import unittest
import warnings
from pathlib import Path

from contract import EMPLOYEE, STATS, encode
from harness import ROOT, Denrei, wait_until
from wire import Connection


def make_certificate(folder, serial):
    """A fresh self-signed certificate for 127.0.0.1 in folder/cert.pem and folder/key.pem."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=denrei test", "-addext", "subjectAltName=IP:127.0.0.1", "-set_serial", str(serial),
                    "-keyout", str(folder / "new-key.pem"), "-out", str(folder / "new-cert.pem")], check=True, capture_output=True)
    (folder / "new-key.pem").replace(folder / "key.pem")
    (folder / "new-cert.pem").replace(folder / "cert.pem")


def trusting_context(folder):
    return ssl.create_default_context(cafile=str(folder / "cert.pem"))


def open_context(least, most):
    """A client that would take any certificate and, on its side, even the weakest protocol."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = least, most
    return context


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="denrei-tls-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        make_certificate(cls.folder, 1000)
        cls.server = Denrei(flags=["--tls-cert", str(cls.folder / "cert.pem"), "--tls-key", str(cls.folder / "key.pem")],
                            tls=trusting_context(cls.folder))
        cls.addClassCleanup(cls.server.dispose)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def serial(self):
        any_version = open_context(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
        with Connection(self.server.port, tls=any_version) as connection:
            der = connection.socket.getpeercert(binary_form=True)
        text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-serial"], input=der, capture_output=True, check=True).stdout
        return int(text.strip().split(b"=")[1], 16)

    def said(self):
        """What the gateway said apart from its request lines, which may come at any moment."""
        lines = (self.server.output() + self.server.errors()).decode("utf-8", "replace").splitlines()
        return "\n".join(line for line in lines if "/api/" not in line).lower()

    def test_events_are_taken_over_tls_1_2_and_1_3(self):
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            with self.subTest(name=name), Connection(self.server.port, tls=open_context(version, version)) as connection:
                self.assertEqual(connection.socket.version(), name)
                for _ in range(3):
                    self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body(), connection).status, 200)

    def test_older_versions_are_refused_by_the_server(self):
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with self.subTest(version=version), self.assertRaises((ssl.SSLError, ConnectionError)) as caught:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)
                    Connection(self.server.port, tls=open_context(version, version)).close()
            if isinstance(caught.exception, ssl.SSLError):
                self.assertIn("ALERT", caught.exception.reason or "", "the client gave up by itself")

    def test_plain_http_on_the_tls_port_gets_no_service(self):
        with Connection(self.server.port) as connection:
            body = encode(EMPLOYEE.make_body())
            connection.send(b"POST " + EMPLOYEE.path.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n" + body)
            self.assertNotIn(b" 200 ", connection.drain(10)[:20])
        self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body()).status, 200)

    def test_sighup_brings_in_a_new_certificate_and_open_connections_go_on(self):
        with self.server.connect() as connection:
            self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body(), connection).status, 200)
            make_certificate(self.folder, 2000)
            self.server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: self.serial() == 2000, lambda: f"still certificate {self.serial()}")
            self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body(), connection).status, 200)
        self.server.tls = trusting_context(self.folder)
        self.assertEqual(self.server.post(EMPLOYEE, EMPLOYEE.make_body()).status, 200)

    def test_a_broken_certificate_changes_nothing(self):
        before = self.serial()
        said = len(self.said())
        (self.folder / "cert.pem").write_text("-----BEGIN CERTIFICATE-----\nbroken\n")
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "cert" in self.said()[said:], "nothing is said about the broken certificate")
        self.assertEqual(self.serial(), before)
        make_certificate(self.folder, 3000)
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.serial() == 3000, lambda: f"still certificate {self.serial()}")
        self.server.tls = trusting_context(self.folder)
        self.assertTrue(self.server.is_alive())

    def test_a_certificate_that_cannot_be_read_stops_the_start(self):
        server = Denrei(flags=["--tls-cert", "/nowhere/cert.pem", "--tls-key", str(self.folder / "key.pem")])
        self.addCleanup(server.dispose)
        self.assertEqual(server.spawn().wait_exit(), 2)
        self.assertIn("/nowhere/cert.pem", server.errors().decode())


class Access(unittest.TestCase):
    """The shipped configuration with one line of the stats source changed."""

    def serve(self, old, new, *flags):
        folder = Path(tempfile.mkdtemp(prefix="denrei-config-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        shutil.copytree(ROOT / "config" / "schemas", folder / "schemas")
        text = (ROOT / "config" / "denrei.toml").read_text()
        self.assertIn(old, text)
        (folder / "denrei.toml").write_text(text.replace(old, new, 1))
        server = Denrei(flags=["--config", str(folder / "denrei.toml"), *flags])
        self.addCleanup(server.dispose)
        return server.start()

    def status(self, server, **more):
        body = encode(STATS.make_body())
        headers = STATS.headers(body) | {name.replace("_", "-"): value for name, value in more.items()}
        response = server.request("POST", STATS.path, headers, body)
        if response.status == 403:
            STATS.error(response)
        return response.status

    def test_require_tls_refuses_plain_http_for_this_source_only(self):
        server = self.serve('require_tls      = "unless_loopback"', "require_tls      = true")
        self.assertEqual(self.status(server), 403)
        self.assertEqual(self.status(server, X_Forwarded_Proto="https"), 403, "anybody may write this header")
        self.assertEqual(server.post(EMPLOYEE, EMPLOYEE.make_body()).status, 200)
        server.stop()

    def test_a_trusted_proxy_may_vouch_for_tls(self):
        server = self.serve('require_tls      = "unless_loopback"', "require_tls      = true", "--trusted-proxies", "127.0.0.1/32")
        self.assertEqual(self.status(server, X_Forwarded_Proto="https"), 200)
        self.assertEqual(self.status(server, X_Forwarded_Proto="http"), 403)
        self.assertEqual(self.status(server), 403)
        server.stop()

    def test_the_list_of_allowed_addresses(self):
        server = self.serve("allow            = []", 'allow            = ["203.0.113.0/24"]')
        self.assertEqual(self.status(server), 403)
        self.assertEqual(self.status(server, X_Forwarded_For="203.0.113.10"), 403, "anybody may write this header")
        server.stop()

    def test_a_trusted_proxy_names_the_address(self):
        server = self.serve("allow            = []", 'allow            = ["203.0.113.0/24"]', "--trusted-proxies", "127.0.0.1/32")
        self.assertEqual(self.status(server, X_Forwarded_For="203.0.113.10"), 200)
        self.assertEqual(self.status(server, X_Forwarded_For="198.51.100.7"), 403)
        self.assertEqual(self.status(server, X_Forwarded_For="203.0.113.10, 198.51.100.7"), 403, "only the proxy's own entry counts")
        self.assertEqual(self.status(server, X_Forwarded_For="198.51.100.7, 203.0.113.10"), 200)
        server.stop()


if __name__ == "__main__":
    unittest.main()

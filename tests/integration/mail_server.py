# A mail server of the tests' own, out of Debian's python3-aiosmtpd: STARTTLS, AUTH, and every mail as it came. Installed by scripts/set-up test.
import logging
import ssl
import sys
import threading
from dataclasses import dataclass
from email import message_from_bytes, policy

from harness import PATIENCE, free_port, live, wait_until

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword
except ImportError:
    sys.path.append("/usr/lib/python3/dist-packages")   # Debian's, where another Python runs the tests
    try:
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult, LoginPassword
    except ImportError:
        Controller = None

logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)   # clients that break off are part of the tests
MISSING = None if Controller else "python3-aiosmtpd is not installed; scripts/set-up test installs it"


@dataclass(frozen=True)
class Letter:
    sender: str
    recipients: tuple
    user: str                # who logged in; "" without AUTH
    is_encrypted: bool
    message: object          # email.message.EmailMessage

    @property
    def subject(self):
        return self.message["Subject"]

    @property
    def text(self):
        return self.message.get_content()


class MailServer:
    """`users`: name -> password; none: no AUTH. `certificate`: a folder with cert.pem and key.pem; none: no STARTTLS."""

    def __init__(self, *, users=None, certificate=None, refused=()):
        self.port = free_port()
        self.users, self.certificate, self.refused = users or {}, certificate, refused
        self._letters, self._controller = [], None
        self._lock = threading.Lock()
        self.logins = []
        live.add(self)

    def open(self):
        options = {}
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate / "cert.pem", self.certificate / "key.pem")
            options = {"tls_context": context, "require_starttls": True}
        if self.users:
            options |= {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": bool(self.certificate)}
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=10 * PATIENCE, **options)
        self._controller.start()
        return self

    def close(self):
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    dispose = close

    def url(self, host="127.0.0.1"):
        return f"smtp://{host}:{self.port}"

    def letters(self, word=""):
        with self._lock:
            return [letter for letter in self._letters if word in letter.subject]

    def wait_for(self, count, word="", seconds=15.0):
        """The letters (with this word in their subject) as soon as there are so many."""
        wait_until(lambda: len(self.letters(word)) >= count, lambda: f"{[letter.subject for letter in self.letters()]}", seconds)
        return self.letters(word)

    # --- what aiosmtpd calls

    def _authenticate(self, server, session, envelope, mechanism, data):
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        user = data.login.decode()
        self.logins.append(user)
        good = self.users.get(user) == data.password.decode()
        return AuthResult(success=good, handled=False, auth_data=user if good else None)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = Letter(envelope.mail_from, tuple(envelope.rcpt_tos), session.auth_data or "", session.ssl is not None,
                        message_from_bytes(envelope.content, policy=policy.default))
        with self._lock:
            self._letters.append(letter)
        return "250 OK"

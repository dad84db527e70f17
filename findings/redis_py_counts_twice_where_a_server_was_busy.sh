#!/bin/sh
# redis-py 8.1.0: a command whose answer does not come within socket_timeout is sent again on a new connection,
# whatever it does. A server that was merely busy, as with a slow script, carries out both, so that one
# incr() of a new counter returns 2, and no error is raised. The same was seen with Redis 7.0 and DEBUG SLEEP; here a
# small server stands in for it, which like Redis does one thing after the other, also what a connection has sent that
# is closed by then.
# One would expect retry_on_timeout, which is False unless one says otherwise, to prevent that; to say False changes
# nothing. Limits count one request twice, and a job that is pushed is in the queue twice. retry=Retry(NoBackoff(), 0)
# raises a TimeoutError, and it is done once: give that to clients whose commands are not the same when done again.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check redis==8.1.0
cat > "$folder/busy.py" <<'PY'
import socketserver
import sys
import threading
import time
import warnings

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

warnings.simplefilter("ignore", DeprecationWarning)  # of retry_on_timeout


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):
                self.rfile.readline()
                words.append(self.rfile.readline().strip())
            with self.server.one_at_a_time:
                answer = self.server.carry_out(words[0])
            try:
                self.wfile.write(answer)
            except OSError:  # nobody waits for it any more
                return


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Connection)
        self.one_at_a_time, self.counter, self.busy = threading.Lock(), 0, 1.2

    def carry_out(self, name):
        if name == b"HELLO":
            return b"%1\r\n$5\r\nproto\r\n:3\r\n"
        if name != b"INCRBY":  # which incr() sends
            return b"+OK\r\n"
        time.sleep(self.busy)
        self.busy = 0
        self.counter += 1
        return b":%d\r\n" % self.counter


def counted(**how):
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = redis.Redis(port=server.server_address[1], socket_timeout=0.5, **how)
        client.ping()
        try:
            said = client.incr("visits")
        except redis.TimeoutError as error:
            said = type(error).__name__
        with server.one_at_a_time:
            done = server.counter
        client.close()
        server.shutdown()
    return said, done


seen = {
    "as it is": counted(),
    "retry_on_timeout=False": counted(retry_on_timeout=False),
    "no retry": counted(retry=Retry(NoBackoff(), 0)),
}
for how, (said, done) in seen.items():
    print(f"{how}: one incr() said {said}, done {done} times")
wanted = {"as it is": (2, 2), "retry_on_timeout=False": (2, 2), "no retry": ("TimeoutError", 1)}
sys.exit(0 if seen == wanted else f"This has changed: {wanted} was seen before.")
PY
"$folder/venv/bin/python" "$folder/busy.py"

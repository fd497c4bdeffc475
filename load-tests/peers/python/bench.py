"""
One peer on one job: starts it, feeds it, measures it from outside, checks every answer; prints one JSON line.
usage: bench.py COMMAND ARGUMENT...   The job comes in the environment (see ../jobs.ts).
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import load
import topics
from contract import MODEL, ORT_THREADS, dumps, loads
from sampling import BROKER, HOST, PEER, Samples
from verify import Output, due_times

E = os.environ
ROWS, RATE = int(E["ROWS"]), int(E["RATE"])  # RATE 0: the topic is full before the peer starts
WARM_UP_ROWS = 2000
AGREE_MIN = 0.999
IDLE_S, LIMIT_S, STOP_S = 120, float(E.get("LIMIT_S", 600)), 30
tag = f"{E['PEER']}.{E['JOB']}.{int(time.time())}"
run_dir = f"{E['PEERS_HOME']}/runs/{tag}"
group = f"g-{tag}"


def in_run_dir(command):
    return [word.replace("{run}", run_dir) for word in command]


class Run:
    """The peer's process, when its first record arrived, and its CPU over time."""

    def __init__(self, command, source, target):
        os.makedirs(run_dir)
        self.log = open(f"{run_dir}/peer.log", "wb")
        self.first = None
        self.started = time.time()
        if "PREPARE" in E:
            subprocess.run(in_run_dir(loads(E["PREPARE"])), check=True, stdout=self.log, stderr=self.log)
        env = {**E, "IN_TOPIC": source, "OUT_TOPIC": target, "GROUP": group, "RUN_DIR": run_dir}
        self.process = subprocess.Popen(
            in_run_dir(command),
            cwd=E.get("PEER_CWD"),
            env=env,
            stdout=subprocess.PIPE,
            stderr=self.log,
            start_new_session=True,
        )
        self.samples = Samples(self.process, E.get("BROKER_PID", "0"))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            if line.startswith(b"FIRST ") and not self.first:
                self.first = float(line.split()[1]) / 1000
            self.log.write(line)
            self.log.flush()

    def wait_for(self, target, count):
        """Until the topic holds so many records, or the peer ends, stalls or takes too long."""
        begun = changed = time.time()
        last = -1
        while (got := sum(topics.ends(target).values())) < count:
            now = time.time()
            if got != last:
                last, changed = got, now
            if self.process.poll() is not None or now - begun > LIMIT_S or now - changed > IDLE_S:
                state = f"stopped at {got}/{count}, exit {self.process.poll()}"
                print(f"{tag}: {state}, see {run_dir}/peer.log", file=sys.stderr)
                return
            time.sleep(0.2)

    def stop(self):
        time.sleep(float(E.get("SETTLE_S", 3)))  # checkpoints and commit timers
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()


def full_topic():
    """The input of throughput jobs: loaded once for all peers."""
    name = f"peer.in.{MODEL}.{ROWS}"
    if not topics.exists(name):
        load.bulk(topics.create(name), ROWS)
    held = sum(topics.ends(name).values())
    assert held == ROWS, f"{name} holds {held} records: delete it and run again"
    return name


def feed_live(run, source, target):
    """Warm-up at half the rate, then the scored rows. Returns the loader's worst lateness in ms."""
    time.sleep(1)
    load.live(source, RATE / 2, WARM_UP_ROWS / RATE * 2, "w")
    run.wait_for(target, WARM_UP_ROWS)
    slip = load.live(source, RATE, ROWS / RATE)
    run.wait_for(target, ROWS + WARM_UP_ROWS)
    return slip


def costs(run, start, end):
    """CPU in the window, and which share of the machine neither the peer nor the broker used."""
    cpu, host, broker = (run.samples.between(start, end, column) for column in (PEER, HOST, BROKER))
    others = max(0, host - cpu - broker) / max(end - start, 1e-9) / os.cpu_count()
    return {
        "cpu_s": round(cpu, 2),
        "cpu_per_100k": round(cpu * 1e5 / ROWS, 2),
        "rss_mib": run.samples.peak_rss_mib(),
        "broker_cpu_s": round(broker, 2),
        "others": round(others, 2),
    }


def timings(run, output, slip):
    last = output.last_s() or time.time()
    if RATE:
        window = (last - ROWS / RATE, last)
        return costs(run, *window) | {"slip_ms": round(slip, 1)} | output.percentiles()
    start = run.first or output.first_s() or run.started
    seconds = max(last - start, 1e-9)
    speed = {"seconds": round(seconds, 2), "rps": round(int(output.have.sum()) / seconds, 1)}
    return speed | costs(run, start, last) | {"startup_s": round(start - run.started, 2)}


def main():
    topics.check_broker(E["CLUSTER_ID"])
    source = topics.create(f"peer.in.{tag}") if RATE else full_topic()
    target = topics.create(f"peer.out.{tag}", **{"message.timestamp.type": "LogAppendTime"})
    run = Run(sys.argv[1:], source, target)
    slip = None
    try:
        slip = feed_live(run, source, target) if RATE else run.wait_for(target, ROWS)
    finally:
        run.stop()
    lag = topics.lag(group, source) if E.get("COMMITS", "1") == "1" else None
    output = Output(target, ROWS, due_times(source) if RATE else None)
    row = {"peer": E["PEER"], "job": E["JOB"], "rows": ROWS} | timings(run, output, slip)
    row |= output.verdict() | {"lag": lag, "marker": bool(run.first), "threads": ORT_THREADS}
    clean = row["missing"] == 0 and row["bad"] == 0 and lag in (0, None)
    row["ok"] = clean and row.get("agree", 0) >= AGREE_MIN
    topics.delete([target, source] if RATE else [target])
    if row["ok"]:
        shutil.rmtree(run_dir)
    print(dumps(row))


main()

"""CPU and memory of a process group, of the broker and of the whole machine, from /proc, ten times a second."""

import os
import threading
import time

import numpy as np

HZ, PAGE_KIB = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE") // 1024
TIME, PEER, RSS_KIB, HOST, BROKER = range(5)


def _stat(pid):
    """Fields of /proc/<pid>/stat from the state on; the command before it may hold anything."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()


def _group(group_id):
    """CPU seconds (with those of children that ended) and KiB of memory of a process group."""
    cpu = rss = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = _stat(pid)
        except OSError:
            continue
        if int(stat[2]) == group_id:
            cpu += sum(map(int, stat[11:15])) / HZ
            rss += int(stat[21]) * PAGE_KIB
    return cpu, rss


def _host():
    with open("/proc/stat") as file:
        fields = list(map(int, file.readline().split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / HZ


def _broker(pid):
    try:
        return sum(map(int, _stat(pid)[11:13])) / HZ
    except OSError:
        return 0


class Samples:
    """Takes samples while the process lives. All CPU figures are seconds since some start."""

    def __init__(self, process, broker_pid):
        self._rows = []
        self._process, self._broker_pid = process, broker_pid
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        while self._process.poll() is None:
            cpu, rss = _group(self._process.pid)
            self._rows.append((time.time(), cpu, rss, _host(), _broker(self._broker_pid)))
            time.sleep(0.1)

    def at(self, when, column):
        rows = np.array(self._rows)
        return float(np.interp(when, rows[:, TIME], rows[:, column]))

    def between(self, start, end, column):
        return self.at(end, column) - self.at(start, column)

    def peak_rss_mib(self):
        return round(max(row[RSS_KIB] for row in self._rows) / 1024)

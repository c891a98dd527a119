"""Measures this gateway beside LiteLLM, Portkey and TensorZero: `make bench-gateway`.

    python -m bench.gateway [--only ours,tensorzero] [--quick] [--repeats 3] [--seconds 6] [--soak 200000]

Each gateway runs alone on one core; the fake provider and the load generator share another. Rounds are interleaved, and
medians are reported. Raw results go to `bench/results/`.
"""

from __future__ import annotations

import argparse
import os

from bench.gateway.contenders import CONTENDERS
from bench.gateway.measuring import Cores, Measured
from bench.gateway.reporting import all_lines, save, table
from bench.gateway.scenarios import Effort, measure_contender


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(CONTENDERS), help="which gateways, by comma")
    parser.add_argument("--quick", action="store_true", help="one short round, for daily work")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--soak", type=int, default=0, help="requests after which our memory is read once more")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("Two cores are needed: one for the gateway, one for everybody else.")
    where = Cores(gateway=cores[0], others=cores[-1])
    os.sched_setaffinity(0, {where.others})
    repeats, effort = options.repeats, Effort(seconds=options.seconds, warm_up_s=2.0)
    if options.quick:
        repeats, effort = 1, Effort(seconds=3.0, warm_up_s=1.0)
    found = [CONTENDERS[name]() for name in options.only.split(",")]
    for contender in found:
        contender.install()
    versions = {contender.name: contender.version() for contender in found}
    results: list[Measured] = []
    for round_ in range(repeats):
        for contender in found:
            ours = contender.name == "quarterdeck"
            soak = options.soak if ours and round_ == repeats - 1 else 0
            print(f"round {round_ + 1} of {repeats}: {contender.name} {versions[contender.name]}", flush=True)
            asked = Effort(effort.seconds, effort.warm_up_s, soak)
            results += measure_contender(type(contender)(), where, asked, alone=ours)
    path = save(results, versions, {contender.name: contender.setting for contender in found})
    print(f"\n{all_lines(results)}\n\n{table(results, versions)}\n\nRaw results: {os.path.relpath(path)}")


if __name__ == "__main__":
    main()

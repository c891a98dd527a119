"""How fast the gateway is: one short round of `bench.gateway`, ours alone. `make bench-gateway` measures others beside it.

python bench/bench_gateway.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.gateway.__main__ import main

if __name__ == "__main__":
    sys.argv[1:] = sys.argv[1:] or ["--only", "ours", "--quick"]
    main()

"""Makes the Parquet files beside it: python make.py, with pyarrow 17 or later. Types and codecs a reader has to know."""

import datetime
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent
rows = 10
table = pa.table(
    {
        "text": pa.array([None if row == 3 else f"zeile {row} – größer" for row in range(rows)]),
        "label": pa.array([["even", "odd"][row % 2] for row in range(rows)]).dictionary_encode(),
        "score": pa.array([row / 4 for row in range(rows)], pa.float64()),
        "id": pa.array([2**40 + row for row in range(rows)], pa.int64()),
        "tags": pa.array([["a", f"b{row}"] for row in range(rows)]),
        "at": pa.array(
            [datetime.datetime(2026, 11, 21, 12, row, tzinfo=datetime.timezone.utc) for row in range(rows)],
            pa.timestamp("ms", tz="UTC"),
        ),
    }
)
for codec in ["none", "snappy", "gzip", "zstd"]:
    # Groups of four rows: a reader that takes one group for the file shows at once.
    pq.write_table(table, here / f"{codec}.parquet", compression=codec, row_group_size=4)

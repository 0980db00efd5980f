"""The same work on an existing Dask cluster; see docs/cluster.md."""

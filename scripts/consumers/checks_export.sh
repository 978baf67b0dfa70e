# Sourced by run.sh for each folder of exports: which consumer reads which format.
py=$home/venv/bin/python
export NODE_PATH=$home/node_modules
check python "jsonschema" "$py" "$here/schemas.py" "$exports"
check python "DuckDB" "$py" "$here/columns.py" "$exports"
check python "polars, pandas" "$py" "$here/frames.py" "$exports"
check python "prometheus_client" "$py" "$here/openmetrics.py" "$exports"
check promtool "promtool" "$here/promtool.sh" "$home/usr/bin/promtool" "$exports"
check critcmp "critcmp" "$py" "$here/critcmp.py" "$home/bin/critcmp" "$exports"
check node_modules "hdr-histogram-js" node "$here/hlog.js" "$exports"
check python "hdrhistogram" "$py" "$here/hlog.py" "$exports"
check node_modules "HdrHistogram plotter" node "$here/hgrm.js" "$exports"

//! Texts at the end of a help page.

/// The words of tables and help, and examples of every command.
pub(super) const EXAMPLES: &str = "\
Words:
  transport   a mechanism and a way to wait: pipe/epoll
  workload    what the processes do with it: ping-pong, stream ... (--pattern, -p)
  cell        one transport with one workload, one message size and one placement on CPUs
  invocation  one measurement of one cell, in fresh processes
  round       one visit of every cell, in a new order: one invocation of each (--rounds)
  run         one start of ipcmark: many invocations of each cell; a figure is their median
  rank        place in a table; 2–4 is somewhere from 2nd to 4th, because intervals overlap
  limit       least time that CPUs, caches and kernel need for it, measured in the same run;
              × limit: how many times as long a cell takes
  floor       ipcmark's own loop in one process, without a mechanism: null/none moves nothing,
              copy/none copies each message in and out. No ping-pong is faster than null/none.
              A ring can be faster than a floor in a stream, because its two sides work at the
              same time, and faster than copy/none, because it need not copy

Examples:
  ipcmark                                  measure every mechanism, in a minute
  ipcmark list                             what can be measured here; reasons for the rest
  ipcmark rules pipe                       check here what pipe(7) documents
  ipcmark doctor                           what this machine lacks, and how to change it
  ipcmark limits                           what hardware and kernel allow at best
  ipcmark run --suite standard             measure enough to decide on, in 15 minutes
  ipcmark run -t 'pipe,unix*' -s 64,1KiB..64KiB
  ipcmark report reports/2026-01-31-quick  write the report again from its record
  ipcmark ab --base-rev main               has this checkout become slower than main?
  ipcmark gate reports/2026-01-31-ab       may this change pass? an exit code for CI
  ipcmark export --format list             the formats that other tools read";

/// Examples of `ipcmark run`.
pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  ipcmark run -t 'shm*' -p ping-pong --placement cross-core,same-core
  ipcmark run -t '*/block' -s 8..1MiB*8 --target 3% --budget 5m
  ipcmark run -t pipe,fifo --rounds 20 --fixed
  ipcmark run -t pipe -p stream --capacity default --out pipe-as-shipped
  ipcmark run -t '*/block' -p paced --rate 10,1000 --arrivals poisson --measure 500ms
  ipcmark run -t 'shm-ring/*' -p scatter-gather --peers 1,2,4 --input shared
  ipcmark run --suite my.toml --seed 7 --json --quiet > summary.json
  ipcmark run --resume reports/2026-01-31-full";

/// Examples of `ipcmark rules`.
pub(super) const RULES_EXAMPLES: &str = "\
Examples:
  ipcmark rules                        every rule of every mechanism
  ipcmark rules signal pipe            two families
  ipcmark rules rpc/at-most-once       one rule
  ipcmark rules --into reports/2026-01-31-quick";

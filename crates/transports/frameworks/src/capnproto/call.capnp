# What call_capnp.in was made from, by
#     capnp compile -o capnpc-rust call.capnp
# with capnpc 0.27 (`cargo install capnpc`) and Debian's capnproto; the .rs was renamed, as it is not ours to keep short.
@0xb5f2a1c6d7e8934f;

# One procedure: bytes there, bytes back.
interface Procedure {
  run @0 (argument :Data) -> (result :Data);
}

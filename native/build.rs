//! Links the addon as Node expects it (on macOS, symbols are looked up when it is loaded).

fn main() {
    napi_build::setup();
}

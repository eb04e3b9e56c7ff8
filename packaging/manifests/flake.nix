# Not tested.
{
  description = "Checks TLS to PostgreSQL endpoints with libpq's own rules";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      each = f: nixpkgs.lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
    in {
      packages = each (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = "pgtls";
          version = "@VERSION@";
          src = self;
          cargoLock.lockFile = ./Cargo.lock;
          # The tests start servers.
          doCheck = false;
          # .cargo/config.toml, which Nix does not read, sets these, too.
          AWS_LC_SYS_NO_JITTER_ENTROPY = "1";
          AWS_LC_SYS_CFLAGS = "-DMY_ASSEMBLER_IS_TOO_OLD_FOR_512AVX=1";
        };
      });
    };
}

# Not tested.
class Pgtls < Formula
  desc "Checks TLS to PostgreSQL endpoints with libpq's own rules"
  license "MIT"
  version "@VERSION@"

  on_linux do
    on_intel do
      url "@BASE@/v@VERSION@/pgtls-x86_64-unknown-linux-musl.tgz"
      sha256 "@SHA256 pgtls-x86_64-unknown-linux-musl.tgz@"
    end
    on_arm do
      url "@BASE@/v@VERSION@/pgtls-aarch64-unknown-linux-musl.tgz"
      sha256 "@SHA256 pgtls-aarch64-unknown-linux-musl.tgz@"
    end
  end

  def install
    bin.install "pgtls"
    man1.install "pgtls.1"
    bash_completion.install "completions/pgtls"
    zsh_completion.install "completions/_pgtls"
    fish_completion.install "completions/pgtls.fish"
  end

  test do
    system bin/"pgtls", "demo"
  end
end

// Takes strings apart with pgx: a text in hexadecimal in each line, and for each a line of JSON. Build it with pgconn in
// GOPATH.
package main

import (
	"bufio"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgconn"
)

type answer struct {
	Hosts    []string `json:"hosts"`
	Ports    []string `json:"ports"`
	User     string   `json:"user"`
	Password string   `json:"password"`
	Dbname   string   `json:"dbname"`
	Mode     string   `json:"mode"`
	Root     string   `json:"root"`
	Error    string   `json:"error,omitempty"`
}

func level(config *tls.Config) string {
	switch {
	case config == nil:
		return "disable"
	case !config.InsecureSkipVerify:
		return "verify-full"
	case config.VerifyPeerCertificate != nil:
		return "verify-ca"
	}
	return "require"
}

func main() {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "PG") {
			os.Unsetenv(name)
		}
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text, _ := hex.DecodeString(lines.Text())
		var said answer
		if config, err := pgconn.ParseConfig(string(text)); err != nil {
			said.Error = err.Error()
		} else {
			said = answer{User: config.User, Password: config.Password, Dbname: config.Database}
			add := func(host string, port uint16) {
				said.Hosts = append(said.Hosts, host)
				said.Ports = append(said.Ports, fmt.Sprint(port))
			}
			levels := []string{level(config.TLSConfig)}
			roots := ""
			if config.TLSConfig != nil && config.TLSConfig.RootCAs != nil {
				roots = "given"
			}
			add(config.Host, config.Port)
			for _, fallback := range config.Fallbacks {
				if fallback.Host == config.Host && fallback.Port == config.Port {
					levels = append(levels, level(fallback.TLSConfig))
				} else if said.Hosts[len(said.Hosts)-1] != fallback.Host {
					add(fallback.Host, fallback.Port)
				}
			}
			said.Root = roots
			said.Mode = strings.Join(levels, "+")
		}
		text, _ = json.Marshal(said)
		fmt.Println(string(text))
	}
}

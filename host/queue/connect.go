package queue

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Kinds of servers, as the scheme of a URL names them behind a plus sign.
const (
	kindSentinel = "sentinel"
	kindCluster  = "cluster"

	portRedis, portSentinel = "6379", "26379"
)

// Connect returns a client as New likes it. Close it when done. It connects
// when it is used first; an error tells that the URL cannot be used. The forms:
//
//	redis://[user:password@]host[:port][/db]
//	unix://[user:password@]/path/of/socket[?db=1]
//	redis+sentinel://[user:password@]host[:port],…/master[/db]
//	redis+cluster://[user:password@]host[:port],…
//
// With rediss in place of redis they use TLS; what may follow the question mark
// then is cacert, cert and key, names of PEM files (by default the system's
// authorities, and no certificate of one's own), and servername, for a
// certificate of another name. Sentinels that ask for a password of their own
// get sentinel_username and sentinel_password. Behind Sentinel the client
// follows the master. Further parameters of one server are the client
// library's, such as read_timeout=5s.
func Connect(text string) (redis.UniversalClient, error) {
	a, err := parseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	// The client asks some servers to announce their maintenance, and tells
	// all its own name: neither is used, and a user with few rights would be
	// refused.
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch a.kind {
	case kindSentinel:
		return redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: a.master, SentinelAddrs: a.hosts, SentinelUsername: a.sentinelUser, SentinelPassword: a.sentinelPassword,
			Username: a.user, Password: a.password, DB: a.db, TLSConfig: a.tls,
			ContextTimeoutEnabled: true, DisableIdentity: true,
		}), nil
	case kindCluster:
		return redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: a.hosts, Username: a.user, Password: a.password, TLSConfig: a.tls,
			ContextTimeoutEnabled: true, DisableIdentity: true, MaintNotificationsConfig: quiet,
		}), nil
	}
	opts, err := redis.ParseURL(a.url)
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", withoutURL(err))
	}
	if a.tls != nil {
		a.tls.InsecureSkipVerify = opts.TLSConfig != nil && opts.TLSConfig.InsecureSkipVerify
		if a.tls.ServerName == "" && opts.TLSConfig != nil {
			a.tls.ServerName = opts.TLSConfig.ServerName
		}
		opts.TLSConfig = a.tls
	}
	opts.ContextTimeoutEnabled, opts.DisableIdentity, opts.MaintNotificationsConfig = true, true, quiet
	return redis.NewClient(opts), nil
}

// Where names the server of a URL that Connect takes, without its password.
func Where(text string) string {
	a, err := parseAddress(text)
	if err != nil {
		return "an unreadable URL"
	}
	return a.String()
}

// address is what a URL says.
type address struct {
	url              string // for one server: what the client library reads
	kind             string // empty for one server
	hosts            []string
	user, password   string
	master           string
	db               int
	tls              *tls.Config
	sentinelUser     string
	sentinelPassword string
}

func (a address) String() string {
	where := strings.Join(a.hosts, ",")
	switch {
	case a.kind == kindSentinel:
		where = a.master + " of Sentinel at " + where
	case a.kind == kindCluster:
		where = "cluster at " + where
	}
	if a.tls != nil {
		where += " (TLS)"
	}
	return where
}

func parseAddress(text string) (a address, err error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return a, errors.New("it begins with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
	}
	scheme, a.kind, _ = strings.Cut(scheme, "+")
	if scheme == "unix" && a.kind == "" {
		u, err := url.Parse(text)
		if err != nil {
			return a, withoutURL(err)
		}
		return address{url: text, hosts: []string{u.Path}}, nil
	}
	if scheme != "redis" && scheme != "rediss" || a.kind != "" && a.kind != kindSentinel && a.kind != kindCluster {
		return a, fmt.Errorf("there is no scheme %.40q; there are redis, rediss (with TLS), unix, and redis+sentinel, rediss+sentinel, redis+cluster, rediss+cluster",
			strings.Split(text, "://")[0])
	}
	// A URL has one host, so the others are taken out before it is read.
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	from := strings.LastIndex(rest[:end], "@") + 1
	hosts := strings.Split(rest[from:end], ",")
	if a.kind == "" && len(hosts) > 1 {
		return a, errors.New("several hosts are for redis+sentinel:// and redis+cluster://")
	}
	u, err := url.Parse(scheme + "://" + rest[:from] + hosts[0] + rest[end:])
	if err != nil {
		return a, withoutURL(err)
	}
	port := portRedis
	if a.kind == kindSentinel {
		port = portSentinel
	}
	for _, host := range hosts {
		one, err := url.Parse("redis://" + host)
		if err != nil {
			return a, withoutURL(err)
		}
		a.hosts = append(a.hosts, net.JoinHostPort(cmp.Or(one.Hostname(), "127.0.0.1"), cmp.Or(one.Port(), port)))
	}
	a.user = u.User.Username()
	a.password, _ = u.User.Password()
	return a, a.readRest(u)
}

// readRest reads what stands behind the hosts.
func (a *address) readRest(u *url.URL) (err error) {
	q := u.Query()
	take := func(name string) string {
		v := q.Get(name)
		q.Del(name)
		return v
	}
	ca, cert, key, name := take("cacert"), take("cert"), take("key"), take("servername")
	if u.Scheme == "rediss" {
		if a.tls, err = tlsConfig(ca, cert, key, name); err != nil {
			return err
		}
	} else if ca+cert+key+name != "" {
		return errors.New("cacert, cert, key and servername are for TLS: write rediss in place of redis")
	}
	if a.kind == "" {
		u.RawQuery = q.Encode()
		a.url = u.String()
		return nil
	}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch a.kind {
	case kindSentinel:
		a.sentinelUser, a.sentinelPassword = take("sentinel_username"), take("sentinel_password")
		a.master = path[0]
		if a.master == "" || len(path) > 2 {
			return errors.New("the path of redis+sentinel:// is the master's name and the database: /mymaster or /mymaster/0")
		}
		if len(path) == 2 {
			if a.db, err = strconv.Atoi(path[1]); err != nil || a.db < 0 {
				return fmt.Errorf("the database %.40q is no number", path[1])
			}
		}
	case kindCluster:
		if path[0] != "" && path[0] != "0" || len(path) > 1 {
			return errors.New("a cluster has no databases: leave out the path")
		}
	}
	for name := range q {
		return fmt.Errorf("there is no parameter %.40q for %s", name, a.kind)
	}
	return nil
}

func tlsConfig(ca, cert, key, name string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("cacert: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("cacert: there is no certificate in %s", ca)
		}
	}
	if (cert == "") != (key == "") {
		return nil, errors.New("cert and key go together")
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("cert and key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// withoutURL leaves out the URL, and with it the password, that the error of a
// parser repeats.
func withoutURL(err error) error {
	var parsing *url.Error
	if errors.As(err, &parsing) {
		return parsing.Err
	}
	return err
}

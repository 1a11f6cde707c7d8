package history_test

import (
	"strings"
	"testing"

	"verbatim/persistence/history"
)

func TestCheckURL(t *testing.T) {
	for _, good := range []string{
		"redis://localhost", "redis://localhost:6379/3", "redis://user:p%40ss@host:1/0?pool_size=5", "rediss://host:1",
		"redis://[::1]:6379", "unix:///run/redis.sock?db=2",
		"redis+sentinel://a:26379/1?master_name=m&addr=b:26379&password=x",
		"rediss+sentinel://a?master_name=m", "redis+cluster://a:7000?addr=b:7000&addr=c:7000",
		"rediss+cluster://u:p@a:7000/", "redis+cluster://a:7000/0",
	} {
		if err := history.CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, why := range map[string]string{
		"":                                     "redis://HOST:PORT",
		"localhost:6379":                       "redis://HOST:PORT",
		"http://localhost":                     "http",
		"redis://localhost/x":                  "database number",
		"redis://localhost/-1":                 "no database -1",
		"redis://localhost/1/2":                "path",
		"redis://u:hunter2@localhost:x":        "invalid port",
		"redis://u:hunter2@local host":         "cannot be read",
		"redis://u:hunter2%zz@localhost":       "cannot be read",
		"redis://localhost?colour=red":         "colour",
		"redis://localhost?pool_size=99999999": "pool_size",
		"unix://":                              "socket",
		"redis+sentinel://a:1":                 "master_name is missing",
		"redis+cluster://a:1/3":                "one database",
		"redis+cluster://a:1?addr=b":           "addr",
	} {
		err := history.CheckURL(bad)
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: got %v, want something about %q", bad, err, why)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error has the password, or more lines than one: %v", bad, err)
		}
		if _, opened := history.OpenRedis(t.Context(), bad, dataID, history.Options{}); opened == nil {
			t.Errorf("%s: opened", bad)
		}
	}
}

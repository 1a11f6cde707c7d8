package postgres_test

import (
	"database/sql"
	"testing"

	"verbatim/testparts/postgres"
)

func TestEachDatabaseIsEmptyAndDurable(t *testing.T) {
	server, err := postgres.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	for range 2 {
		url, err := server.Database()
		if err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var fsync, commit, encoding string
		err = db.QueryRow("SELECT current_setting('fsync'), current_setting('synchronous_commit'), "+
			"current_setting('server_encoding')").Scan(&fsync, &commit, &encoding)
		if err != nil || fsync != "on" || commit != "on" || encoding != "UTF8" {
			t.Errorf("fsync %s, synchronous_commit %s, encoding %s, %v: want on, on, UTF8", fsync, commit, encoding, err)
		}
		if _, err := db.Exec("CREATE TABLE only_here (a bigint)"); err != nil {
			t.Error(err)
		}
	}
}

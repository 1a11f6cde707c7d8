package directory

// Pragma returns one of SQLite's settings.
func Pragma(d *Directory, name string) (value string, err error) {
	err = d.db.QueryRow("PRAGMA " + name).Scan(&value)
	return value, err
}

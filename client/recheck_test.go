package client

import "testing"

func TestWhoHasOnlyReadFindsOutThatAnOlderCopyWasPutBack(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		run(t, o)
		entry := func(seq, text string) string {
			return `{"type":"message","conversation":"lobby","seq":` + seq + `,"from":"bob","time":"",` +
				`"text":"` + text + `"}`
		}
		page := func(k *talk, entries string) {
			t.Helper()
			h := k.hears("history")
			if h["after"] != num("5") || h["before"] != num("7") || h["limit"] != num("1") {
				t.Errorf("asks for %v, want entry 6 alone", h)
			}
			k.pages(h, entries, false)
		}
		k := f.next()
		k.joins("log1", "6", "5")
		k.say(entry("6", "first history"))
		n.expect("connected again=false", "joined log1 6-5 resumed=false missed=0", "entry 6")
		k.close(1001, "")
		k = f.next()
		k.joins("log1", "7", "6")
		page(k, entry("6", "first history")) // an ordinary loss
		k.say(entry("7", "live"))
		n.expect("disconnected", "connected again=true", "joined log1 7-6 resumed=true missed=0", "entry 7")
		k.close(1001, "")
		k = f.next()
		k.joins("log1", "8", "8")
		k.pages(k.hears("history"), entry("7", "second history"), false)
		if j := k.joins("log1", "1", "8"); j["after"] != nil || j["log"] != nil || j["known"] != nil {
			t.Errorf("the join after it: %v, want one from the start", j)
		}
		n.expect("disconnected", "connected again=true", "joined log1 8-8 resumed=true missed=0", "reset log1 7",
			"joined log1 1-8 resumed=false missed=0")
	})
}

// The connection may be lost, or the record not be read, before the page with the entry in doubt is there. The join
// is answered by then, and later entries have come: they prove nothing about those before.
func TestADoubtAboutTheRecordStaysUntilItIsSettled(t *testing.T) {
	for name, spoil := range map[string]func(k *talk, request map[string]any){
		"the connection is lost":  func(*talk, map[string]any) {},
		"the page cannot be read": func(k *talk, request map[string]any) { k.fails(request, "unavailable", "no", "") },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
				run(t, o)
				k := f.next()
				k.joins("log1", "6", "5")
				k.entry("message", "6")
				n.expect("connected again=false", "joined log1 6-5 resumed=false missed=0", "entry 6")
				k.close(1001, "")
				k = f.next()
				k.joins("log1", "7", "7")
				spoil(k, k.hears("history"))
				k.entry("message", "7")
				n.expect("disconnected", "connected again=true", "joined log1 7-7 resumed=true missed=0", "entry 7")
				k.close(1001, "")
				k = f.next()
				k.joins("log1", "8", "7")
				h := k.hears("history")
				if h["after"] != num("5") || h["before"] != num("7") {
					t.Errorf("asks for %v, want entry 6, which is in doubt still", h)
				}
				k.pages(h, `{"type":"message","conversation":"lobby","seq":6}`, false)
				k.joins("log1", "1", "7")
				n.expect("disconnected", "connected again=true", "joined log1 8-7 resumed=true missed=0",
					"reset log1 6", "joined log1 1-7 resumed=false missed=0")
			})
		})
	}
}

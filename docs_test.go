package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// notOurs are folders without pages of ours: what was installed or built, and test data.
var notOurs = []string{".git", "node_modules", "dist", "testdata", "bin", "data"}

// tracked returns the files of the repository with one of these extensions, by their slash-separated paths.
func tracked(t *testing.T, extensions ...string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains(notOurs, entry.Name()) {
			return fs.SkipDir
		}
		if slices.Contains(extensions, path.Ext(file)) && entry.Type().IsRegular() {
			files = append(files, filepath.ToSlash(file))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("there is no file with an extension of %v", extensions)
	}
	return files
}

func TestDocsLinksAndAnchorsResolve(t *testing.T) {
	t.Parallel()
	for _, page := range tracked(t, ".md") {
		text := readFile(t, page)
		for _, link := range linksOf(text) {
			if problem := checkLink(page, link); problem != "" {
				t.Errorf("%s: the link to %s: %s", page, link, problem)
			}
		}
	}
}

func TestDocsAWrongLinkIsFound(t *testing.T) {
	t.Parallel()
	const text = "# A page\n\n## `One` & two\n\n## One two\n\n[a](nowhere.md) [b](README.md#nowhere) ![c](docs) `[d](code.md)`\n" +
		"```\n[e](fenced.md)\n```\n\n    [f](indented.md)\n\n[g]: else.md\n[h](https://example.org/x)\n"
	got := linksOf(text)
	if want := []string{"nowhere.md", "README.md#nowhere", "docs", "https://example.org/x", "else.md"}; !slices.Equal(got, want) {
		t.Errorf("links: got %q, want %q", got, want)
	}
	for _, link := range []string{"nowhere.md", "README.md#nowhere", "#nowhere"} {
		if checkLink("README.md", link) == "" {
			t.Errorf("the link to %s was taken", link)
		}
	}
	if got, want := anchorsOf(text), []string{"a-page", "one--two", "one-two"}; !slices.Equal(got, want) {
		t.Errorf("anchors: got %q, want %q", got, want)
	}
}

// TestDocsNameFilesThatExist looks at paths in pages, and at pages of docs/ that code names. Decisions and the changelog
// are of their date and may name what is gone.
func TestDocsNameFilesThatExist(t *testing.T) {
	t.Parallel()
	inCode := regexp.MustCompile("`([a-z][a-z0-9_]*/[A-Za-z0-9_./-]+\\.(?:go|ts|tsx|mjs|sh|md|json|txtar))`")
	inText := regexp.MustCompile(`(?:^|[^A-Za-z0-9_./-])(docs/[a-z0-9_-]+(?:/[A-Za-z0-9_-]+)*(?:\.[a-z]+)?)`)
	for _, file := range tracked(t, ".md", ".go", ".ts", ".tsx", ".sh") {
		if file == "CHANGELOG.md" || file == "docs_test.go" || strings.HasPrefix(file, "docs/decisions/0") {
			continue
		}
		text := readFile(t, file)
		named := inText.FindAllStringSubmatch(text, -1)
		if path.Ext(file) == ".md" {
			for _, name := range inCode.FindAllStringSubmatch(text, -1) {
				if top, _, _ := strings.Cut(name[1], "/"); exists(top) { // else it is a path within something else
					named = append(named, name)
				}
			}
		}
		for _, name := range named {
			if !exists(name[1]) && !exists(path.Join(path.Dir(file), name[1])) {
				t.Errorf("%s names %s, which does not exist", file, name[1])
			}
		}
	}
}

func TestDocsEachDecisionIsInTheIndex(t *testing.T) {
	t.Parallel()
	index := readFile(t, "docs/decisions/README.md")
	files, err := filepath.Glob("docs/decisions/[0-9]*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("decisions: %v", err)
	}
	for i, file := range files {
		title, _, _ := strings.Cut(readFile(t, file), "\n")
		number, title, _ := strings.Cut(strings.TrimPrefix(title, "# "), ". ")
		if want := fmt.Sprint(i + 1); number != want || !strings.HasPrefix(filepath.Base(file), fmt.Sprintf("%03d-", i+1)) {
			t.Errorf("%s: its number is %s, want %s: numbers have no gap and are used once", file, number, want)
		}
		if row := fmt.Sprintf("| %s | [%s](%s) |", number, title, filepath.Base(file)); !strings.Contains(index, row) {
			t.Errorf("docs/decisions/README.md has no row %q", row)
		}
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkLink returns what is wrong with a link of a page, or "".
func checkLink(page, link string) string {
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		return "" // nothing outside is asked
	}
	file, anchor, _ := strings.Cut(link, "#")
	target := page
	if file != "" {
		target = path.Join(path.Dir(page), file)
	}
	if strings.HasPrefix(file, "/") || !exists(target) {
		return "there is no such file"
	}
	if anchor == "" {
		return ""
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return err.Error()
	}
	if all := anchorsOf(string(text)); !slices.Contains(all, anchor) {
		return fmt.Sprintf("it has no heading of that name, but %v", all)
	}
	return ""
}

var (
	inlineLink = regexp.MustCompile(`\]\(<?([^)>\s]+)>?(?:\s+"[^"]*")?\)`)
	definition = regexp.MustCompile(`^\[[^\]]+\]:\s+(\S+)`)
	codeSpan   = regexp.MustCompile("`+[^`]*`+")
)

// linksOf returns the targets of a page's links and images, first those in the text and then the definitions.
func linksOf(text string) (links []string) {
	var definitions []string
	for line := range prose(text) {
		if strings.HasPrefix(line, "    ") {
			continue // code, or the text of a list's item below a deep one, which has no links here
		}
		line = codeSpan.ReplaceAllString(line, "")
		for _, m := range inlineLink.FindAllStringSubmatch(line, -1) {
			links = append(links, m[1])
		}
		if m := definition.FindStringSubmatch(line); m != nil {
			definitions = append(definitions, m[1])
		}
	}
	return append(links, definitions...)
}

// anchorsOf returns the anchors of a page's headings, as GitHub makes them.
func anchorsOf(text string) (anchors []string) {
	count := map[string]int{}
	for line := range prose(text) {
		title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !ok || !strings.HasPrefix(line, "#") {
			continue
		}
		title = inlineLink.ReplaceAllString(title, "]")
		anchor := strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, title)
		if n := count[anchor]; n > 0 {
			anchors = append(anchors, fmt.Sprintf("%s-%d", anchor, n))
		} else {
			anchors = append(anchors, anchor)
		}
		count[anchor]++
	}
	return anchors
}

// prose yields the lines of a page that are not in a fenced block.
func prose(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		fenced := false
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\n")
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
				continue
			}
			if !fenced && !yield(line) {
				return
			}
		}
	}
}

// Tables and blocks of code are left out, since a row cannot be broken; so are pages that programs write. The
// pages of web/ are not held to it yet.
func TestDocsLinesHaveAtMost120Columns(t *testing.T) {
	t.Parallel()
	for _, page := range tracked(t, ".md") {
		if page == "docs/reports/performance.md" || page == "docs/operating/configuration.md" || strings.HasPrefix(page, "web/") {
			continue
		}
		for line := range prose(readFile(t, page)) {
			row := strings.HasPrefix(strings.TrimSpace(line), "|") || strings.HasPrefix(line, "    ")
			if n := utf8.RuneCountInString(line); n > 120 && !row && strings.Contains(line, " ") {
				t.Errorf("%s: a line has %d columns: %.60s …", page, n, line)
			}
		}
	}
}

package pages

import (
	"encoding/json"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/flowhq/flowhq"
)

// aboutPage is what runs here, and how each part is.
type aboutPage struct {
	Version, Go string
	Parts       []partHealth
	Workers     []flowhq.Worker
	// Modules and Licences are what others wrote: who installs the program must be able to read
	// it.
	Modules  []*debug.Module
	Licences []licence
}

// partHealth is whether a part answers.
type partHealth struct {
	// Name is what operators call the part, and Says its own word: "ok", or what is wrong.
	Name string
	Good bool
	Says string
}

// A licence is that of a file which others wrote and pages load.
type licence struct{ Name, Text string }

// health asks whether the parts answer that the API needs. The answer is the same whether they do,
// so it is read past the client, which takes 503 for an error.
func (v *visit) health() []partHealth {
	r, err := http.NewRequestWithContext(v.ctx(), http.MethodGet, v.api.Base+"/readyz", nil)
	if err != nil {
		return nil
	}
	// The transport is the handler in this process, so nothing is sent over a network.
	res, err := v.api.Transport.RoundTrip(r)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	var ready struct {
		Checks struct{ Database, Temporal string }
	}
	if err := json.NewDecoder(res.Body).Decode(&ready); err != nil || ready.Checks.Database == "" {
		// Another kind of answer tells nothing of the parts, and the page leaves them out.
		return nil
	}
	// "ok" is the API's word for a part that answers. Anything else is shown as it is.
	part := func(name, says string) partHealth { return partHealth{name, says == "ok", says} }
	return []partHealth{
		part("PostgreSQL", ready.Checks.Database), part("Temporal", ready.Checks.Temporal),
	}
}

// installation shows the version, the health of the parts and the licences.
func (v *visit) installation() error {
	if err := v.operator(); err != nil {
		return err
	}
	p := aboutPage{Version: "unknown", Parts: v.health()}
	var w struct{ Workers []flowhq.Worker }
	if err := v.get("/admin/workers", &w); err != nil {
		return err
	}
	// Workers are asked for by themselves: the API is ready even if there is none.
	p.Workers = w.Workers
	// The build itself knows what went into it, so no file of versions can be out of date.
	if info, ok := debug.ReadBuildInfo(); ok {
		p.Version, p.Go, p.Modules = info.Main.Version, info.GoVersion, info.Deps
		for _, s := range info.Settings {
			// A build from a checkout has no version of its module. Its commit tells as much.
			if s.Key == "vcs.revision" && (p.Version == "" || p.Version == "(devel)") {
				p.Version = s.Value
			}
		}
	}
	// Lucide's licence asks that its text goes with each copy, so the program has to show it.
	for _, name := range []string{"htmx", "lucide"} {
		text, err := licenceFiles.ReadFile("static/" + name + ".LICENSE")
		if err != nil {
			return err
		}
		p.Licences = append(p.Licences, licence{name, strings.TrimSpace(string(text))})
	}
	return v.show(http.StatusOK, "about", "about", "About", p)
}

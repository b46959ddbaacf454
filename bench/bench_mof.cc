// The MOF compiler on the CIM Schema 2.49 (1,634 files, 5.48 MB), in memory, one thread.
//
//   memchr          looks once at every byte: what the memory allows
//   hand_out        finds each file by its path
//   decode          checks that each file is UTF-8
//   lex             every file to tokens, nothing kept
//   preprocess      the whole compilation to tokens: directives, inclusion
//   parse           the same and the whole model, unchecked
//   compile         parse and check: target 150 MB/s, aim 450
//   compile_disk    the same from files: at most 1.3 times compile and read_disk together
//   read_disk       reads the same files and does nothing
//   compile_cold    compile_disk when the page cache has none of them; wall-clock time
//   read_cold       read_disk likewise: what compile_cold waits for
//   ds_compress     the image of the whole schema, as one binary MOF: target 20 MB/s
//   ds_decompress   target 200 MB/s
//
// `allocations` and `peak_bytes` are of one run; peak_ratio is peak_bytes by bytes of input.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <new>
#include <sstream>

#include "mof/bmf.h"
#include "mof/ds_stream.h"
#include "mof/encoding.h"
#include "mof/lexer.h"
#include "mof/mof.h"
#include "mof/parser.h"
#include "mof/preprocessor.h"
#include "mof/read_ahead.h"

namespace {

bool counting = false;  // for one run of each benchmark, not for those that are timed
std::size_t allocation_count = 0;
std::size_t live_bytes = 0;
std::size_t peak_bytes = 0;

}  // namespace

// Not inline: gcc would take the pairs for mismatched.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  void* made = std::malloc(bytes);
  if (made == nullptr) std::abort();
  if (!counting) return made;
  ++allocation_count;
  live_bytes += malloc_usable_size(made);
  peak_bytes = std::max(peak_bytes, live_bytes);
  return made;
}
[[gnu::noinline]] void operator delete(void* made) noexcept {
  if (counting && made != nullptr) live_bytes -= malloc_usable_size(made);
  std::free(made);
}
[[gnu::noinline]] void operator delete(void* made, std::size_t) noexcept {
  operator delete(made);
}

namespace {

using namespace qm;
using namespace qm::mof;
namespace fs = std::filesystem;

constexpr const char* kMain = "cim_schema_2.49.0.mof";

class Schema {
 public:
  Schema() {
    if (!fs::exists(folder())) return;
    for (const auto& entry : fs::recursive_directory_iterator(folder())) {
      if (entry.path().extension() != ".mof") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::ostringstream text;
      text << in.rdbuf();
      bytes_ += text.str().size();
      files_.emplace(fs::relative(entry.path(), folder()).string(), std::move(text).str());
    }
  }
  static fs::path folder() { return QM_CIM_DIR; }
  const std::unordered_map<std::string, std::string>& files() const { return files_; }
  std::size_t bytes() const { return bytes_; }
  const std::shared_ptr<const void>& keeper() const { return keeper_; }
  FileReader reader() const {
    return [this](const std::string& path) -> Result<KeptText> {
      const auto found = files_.find(path);
      if (found == files_.end()) return fail(ErrorCode::not_found, "there is no such file");
      return KeptText::lent(found->second, keeper_);
    };
  }

 private:
  std::unordered_map<std::string, std::string> files_;
  std::shared_ptr<const void> keeper_ = std::make_shared<char>();  // they stay in any case
  std::size_t bytes_ = 0;
};

const Schema& schema() {
  static const Schema once;
  return once;
}

bool usable(benchmark::State& state) {
  if (schema().bytes() != 0) return true;
  state.SkipWithError("the CIM schema is not there (../shared/corpus)");
  return false;
}

template <class Run>
void over_schema(benchmark::State& state, Run run) {
  if (!usable(state)) return;
  allocation_count = 0;
  live_bytes = 1U << 30U;  // what lives from before may be freed meanwhile
  peak_bytes = live_bytes;
  const std::size_t before = live_bytes;
  counting = true;
  run();
  counting = false;
  state.counters["peak_bytes"] = static_cast<double>(peak_bytes - before);
  for (auto _ : state) run();
  state.SetBytesProcessed(static_cast<std::int64_t>(schema().bytes()) *
                          static_cast<std::int64_t>(state.iterations()));
  state.counters["allocations"] = static_cast<double>(allocation_count);
  state.counters["peak_ratio"] =
      state.counters["peak_bytes"] / static_cast<double>(schema().bytes());
}

void memchr(benchmark::State& state) {
  over_schema(state, [] {
    for (const auto& [name, text] : schema().files()) {
      benchmark::DoNotOptimize(std::memchr(text.data(), 0, text.size()));
    }
  });
}

void hand_out(benchmark::State& state) {
  const FileReader reader = schema().reader();
  over_schema(state, [&] {
    for (const auto& [name, text] : schema().files()) benchmark::DoNotOptimize(reader(name));
  });
}

void decode(benchmark::State& state) {
  over_schema(state, [] {
    for (const auto& [name, text] : schema().files()) {
      benchmark::DoNotOptimize(decode_source(KeptText::lent(text, schema().keeper())));
    }
  });
}

void lex(benchmark::State& state) {
  if (!usable(state)) return;
  Diagnostics diagnostics;
  std::vector<const SourceMap::Source*> sources;
  for (const auto& [name, text] : schema().files()) {
    sources.push_back(*diagnostics.sources().add(name, text));
  }
  over_schema(state, [&] {
    for (const SourceMap::Source* source : sources) {
      Lexer lexer(*source, diagnostics);
      while (lexer.next().kind != TokenKind::end) continue;
    }
  });
}

void preprocess(benchmark::State& state) {
  const FileReader reader = schema().reader();
  const Options options;
  over_schema(state, [&] {
    Diagnostics diagnostics;
    Preprocessor preprocessor(reader, options, diagnostics);
    preprocessor.open(kMain);
    std::size_t tokens = 0;
    for (Token token = preprocessor.next(); token.kind != TokenKind::end;
         token = preprocessor.next(), ++tokens) {
      if (token.kind != TokenKind::pragma) continue;
      // As the parser does with #pragma include ("…"); other pragmas pass by.
      const bool is_include = preprocessor.next().text == "include";
      Token name;
      for (Token word = preprocessor.next(); word.kind != TokenKind::end_of_line;
           word = preprocessor.next()) {
        if (word.kind == TokenKind::string) name = word;
      }
      if (is_include) preprocessor.include(name.text, name.span);
    }
    state.counters["tokens"] = static_cast<double>(tokens);
  });
}

void parse(benchmark::State& state) {
  const FileReader reader = schema().reader();
  const Options options;
  over_schema(state, [&] {
    Diagnostics diagnostics;
    Parsed parsed;
    Preprocessor preprocessor(reader, options, diagnostics);
    preprocessor.open(kMain);
    Parser(preprocessor, diagnostics, parsed).parse("");
    benchmark::DoNotOptimize(parsed.model.classes.size());
  });
}

void compile_with(benchmark::State& state, const FileReader& reader, const std::string& path) {
  std::size_t classes = 0;
  std::size_t errors = 0;
  over_schema(state, [&] {
    Diagnostics diagnostics;
    const Model model = qm::mof::compile({path}, reader, {}, diagnostics);
    classes = model.classes.size();
    errors = diagnostics.error_count();
  });
  if (errors != 0) state.SkipWithError("the schema has errors");
  state.counters["classes/s"] = benchmark::Counter(static_cast<double>(classes),
                                                   benchmark::Counter::kIsIterationInvariantRate);
}
void compile(benchmark::State& state) {
  compile_with(state, schema().reader(), kMain);
}
void compile_disk(benchmark::State& state) {
  const std::string main = (Schema::folder() / kMain).string();
  FileReader once;  // as mofc has one: for one compilation
  compile_with(
      state,
      [&](const std::string& path) {
        if (path == main) once = reading_ahead(disk_reader());
        return once(path);
      },
      main);
}

std::vector<std::string> schema_paths() {
  std::vector<std::string> paths;
  for (const auto& [name, text] : schema().files()) {
    paths.push_back((Schema::folder() / name).string());
  }
  return paths;
}

void read_disk(benchmark::State& state) {
  const FileReader reader = disk_reader();
  const std::vector<std::string> paths = schema_paths();
  over_schema(state, [&] {
    for (const std::string& path : paths) benchmark::DoNotOptimize(reader(path));
  });
}

// Runs each() with none of the schema's files in the page cache.
template <class Each>
void over_cold(benchmark::State& state, Each&& each) {
  if (!usable(state)) return;
  const std::vector<std::string> paths = schema_paths();
  for (auto _ : state) {
    state.PauseTiming();
    for (const std::string& path : paths) {
      const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      ::fdatasync(file);
      ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
      ::close(file);
    }
    state.ResumeTiming();
    each(paths);
  }
}

void compile_cold(benchmark::State& state) {
  over_cold(state, [&](const std::vector<std::string>&) {
    const FileReader reader = reading_ahead(disk_reader());  // as mofc does
    Diagnostics diagnostics;
    const std::string main = (Schema::folder() / kMain).string();
    benchmark::DoNotOptimize(qm::mof::compile({main}, reader, {}, diagnostics).classes.size());
  });
}

void read_cold(benchmark::State& state) {
  const FileReader reader = disk_reader();
  over_cold(state, [&](const std::vector<std::string>& paths) {
    for (const std::string& path : paths) benchmark::DoNotOptimize(reader(path));
  });
}

const std::string& image() {
  static const std::string once = [] {
    Diagnostics diagnostics;
    return write_bmf_image(qm::mof::compile({kMain}, schema().reader(), {}, diagnostics));
  }();
  return once;
}

void ds_compress(benchmark::State& state) {
  if (!usable(state)) return;
  std::size_t packed = 0;
  for (auto _ : state) packed = qm::mof::ds_compress(image()).size();
  state.SetBytesProcessed(static_cast<std::int64_t>(image().size()) *
                          static_cast<std::int64_t>(state.iterations()));
  state.counters["ratio"] = static_cast<double>(image().size()) / static_cast<double>(packed);
}

void ds_decompress(benchmark::State& state) {
  if (!usable(state)) return;
  const std::string stream = qm::mof::ds_compress(image());
  for (auto _ : state) {
    const auto text = qm::mof::ds_decompress(std::as_bytes(std::span(stream)), image().size());
    if (!text || text->bytes != image()) return state.SkipWithError("it does not come back");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(image().size()) *
                          static_cast<std::int64_t>(state.iterations()));
}

BENCHMARK(memchr)->Unit(benchmark::kMillisecond);
BENCHMARK(hand_out)->Unit(benchmark::kMillisecond);
BENCHMARK(decode)->Unit(benchmark::kMillisecond);
BENCHMARK(lex)->Unit(benchmark::kMillisecond);
BENCHMARK(preprocess)->Unit(benchmark::kMillisecond);
BENCHMARK(parse)->Unit(benchmark::kMillisecond);
BENCHMARK(compile)->Unit(benchmark::kMillisecond);
BENCHMARK(compile_disk)->Unit(benchmark::kMillisecond);
BENCHMARK(read_disk)->Unit(benchmark::kMillisecond);
BENCHMARK(compile_cold)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(read_cold)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ds_compress)->Unit(benchmark::kMillisecond);
BENCHMARK(ds_decompress)->Unit(benchmark::kMillisecond);

// What each phase adds to those before it, as a share of compile: CPU time, one thread.
class Shares : public benchmark::ConsoleReporter {
 public:
  Shares() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.error_occurred) continue;
      const bool by_the_wall = run.benchmark_name().ends_with("/real_time");
      ms_[run.benchmark_name()] =
          by_the_wall ? run.GetAdjustedRealTime() : run.GetAdjustedCPUTime();
    }
  }

  void print() {
    const std::vector<std::string> phases = {"hand_out", "decode", "preprocess", "parse",
                                             "compile"};
    for (const std::string& phase : phases) {
      if (!ms_.contains(phase)) return;
    }
    // decode stands beside hand_out; the later phases hold both.
    const double read_ms = ms_["hand_out"] + ms_["decode"];
    const double whole_ms = ms_["compile"];
    const auto share = [&](const char* name, double ms) {
      GetOutputStream() << "  " << name << " " << static_cast<int>(100 * ms / whole_ms + 0.5)
                        << " %\n";
    };
    GetOutputStream() << "\nshare of compile:\n";
    share("hand out and decode the texts", read_ms);
    share("tokens (lexer, preprocessor)  ", ms_["preprocess"] - read_ms);
    share("model (parser)                ", ms_["parse"] - ms_["preprocess"]);
    share("check                         ", whole_ms - ms_["parse"]);
    GetOutputStream() << "compile takes " << static_cast<int>(whole_ms / ms_["memchr"])
                      << " times memchr's time over the same bytes\n";
    const auto ratio = [&](const char* name, double ms, double limit_ms, const char* of) {
      GetOutputStream() << name << " takes " << static_cast<int>(100 * ms / limit_ms + 0.5)
                        << " % of " << of << "\n";
    };
    ratio("compile_disk", ms_["compile_disk"], whole_ms + ms_["read_disk"],
          "compile and read_disk (at most 130 %)");
    ratio("compile_disk", ms_["compile_disk"], ms_["read_disk"], "read_disk alone");
    ratio("compile_cold", ms_["compile_cold/real_time"], ms_["read_cold/real_time"],
          "read_cold alone, by the clock on the wall");
  }

 private:
  std::map<std::string, double> ms_;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  Shares shares;
  benchmark::RunSpecifiedBenchmarks(&shares);
  shares.print();
  return 0;
}

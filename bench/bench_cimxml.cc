// CIM-XML without HTTP: requests answered a second on one core, of the class with 64 adapters,
// beside the limit (memcpy of the same bytes). Instances rendered anew must reach 40,000 a second.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "adapters.h"
#include "cimxml/instance_form.h"
#include "cimxml/responder.h"
#include "cimxml/responder_testing.h"
#include "wmi/source_testing.h"

namespace qm::cimxml {
namespace {

constexpr std::string_view kClass = kBenchClass;

class Host {
 public:
  explicit Host(int adapters)
      : repository_(wmi::Repository::built_in().value()),
        snapshots_(repository_, source_, {}),
        responder_(
            repository_, [this](auto classes) { return snapshots_.take(classes, {}); },
            enumerations_, "HOST") {
    const wmi::ClassEntry& the_class = *repository_->find(kClass);
    const std::uint64_t id = source_.add(the_class, "bench", 1);
    source_.publish(id, {}, made_adapters(the_class, adapters));
  }

  // The rows, written anew, without request and answer.
  std::size_t render() {
    const wmi::ClassEntry& the_class = *repository_->find(kClass);
    const wmi::ClassEntry* const classes[] = {&the_class};
    const auto snapshot = snapshots_.take(classes, {});
    if (!form_) form_.emplace(the_class, *repository_, setting_, InstanceOptions{});
    const auto& part = *snapshot->parts.front();
    Output out(part.generation.instances.size() * form_->expected_bytes());
    for (const provider::InstanceData& instance : part.generation.instances) {
      form_->append(out, {&the_class, &part, &instance, nullptr});
    }
    benchmark::DoNotOptimize(out.since(0).data());
    return out.bytes();
  }

  Reply answer(std::string_view method, std::string_view body) {
    Ask ask;
    ask.operation = "MethodCall";
    ask.method = method;
    ask.object = "root%2Fwmi";
    ask.content_type = "application/xml; charset=\"utf-8\"";
    ask.body = body;
    return responder_.answer(ask, 1);
  }

 private:
  std::shared_ptr<const wmi::Repository> repository_;
  wmi::FakeSource source_;
  wmi::Snapshots snapshots_;
  wmi::Enumerations enumerations_;
  Responder responder_;
  wmi::wql::Setting setting_;
  std::optional<InstanceForm> form_;
};

Host& host() {
  static Host made(64);
  return made;
}

void tell(benchmark::State& state, std::size_t bytes) {
  state.counters["requests/s"] =
      benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["bytes/s"] =
      benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kIsIterationInvariantRate);
}

// Of what was published anew: no answer that was given before will do.
void instances_rendered(benchmark::State& state) {
  std::size_t bytes = 0;
  for (auto _ : state) bytes = host().render();
  tell(state, bytes);
}
BENCHMARK(instances_rendered);

void operation(benchmark::State& state, std::string_view method, const std::string& parameters) {
  const std::string body = message(simple_request(method, parameters, "root/wmi"));
  std::size_t bytes = 0;
  for (auto _ : state) {
    const Reply reply = host().answer(method, body);
    bytes = reply.body.size();
    benchmark::DoNotOptimize(reply.body.before.data());
  }
  tell(state, bytes);
}
BENCHMARK_CAPTURE(operation, EnumerateInstances, "EnumerateInstances", class_parameter(kClass));
BENCHMARK_CAPTURE(operation, EnumerateInstanceNames, "EnumerateInstanceNames",
                  class_parameter(kClass));
BENCHMARK_CAPTURE(operation, GetInstance, "GetInstance",
                  instance_parameter(kClass, "InstanceName", "SIM\\ISCSI\\ADAPTER00031_0"));
BENCHMARK_CAPTURE(operation, GetClass, "GetClass", class_parameter(kClass));

// The limit: no answer can be made faster than its bytes can be written.
void copy_of_the_same_bytes(benchmark::State& state) {
  const std::string body =
      message(simple_request("EnumerateInstances", class_parameter(kClass), "root/wmi"));
  const std::string text = host().answer("EnumerateInstances", body).body.whole();
  for (auto _ : state) {
    std::string copy = text;
    benchmark::DoNotOptimize(copy.data());
  }
  tell(state, text.size());
}
BENCHMARK(copy_of_the_same_bytes);

}  // namespace
}  // namespace qm::cimxml

BENCHMARK_MAIN();

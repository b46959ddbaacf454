#include "cimxml/engine.h"

#include <gmock/gmock.h>

#include "cimxml/responder_testing.h"

namespace qm::cimxml {
namespace {

namespace wql = wmi::wql;

class CimEngine : public testing::Test {
 protected:
  CimEngine() { world_.publish(); }

  wql::Found extent(std::string_view name) {
    plan_ = engine_.extent_of(*place_, *place_->schema->find(name)).value();
    return engine_.run(*plan_);
  }

  CimWorld world_;
  Engine engine_{world_.repository,
                 [this](auto classes) { return world_.snapshots.take(classes, world_.time); },
                 world_.enumerations, "HOST", kMostAnswerBytes};
  std::shared_ptr<const Place> place_ = engine_.place_of("ROOT\\WMI").value();
  std::shared_ptr<const wql::Plan> plan_;
};

TEST_F(CimEngine, FormsAreKeptUpToALimit) {
  std::size_t most = 0;
  const auto make = [&](InstanceOptions options) {
    for (const wmi::ClassEntry* one : place_->schema->classes()) {
      for (const wmi::ClassEntry* seen_as : place_->schema->classes()) {
        options.seen_as = seen_as;
        engine_.form_of(*place_->schema, place_->setting, *one, options);
        most = std::max(most, engine_.forms());
      }
    }
  };
  for (const Shape shape : {Shape::instance, Shape::name, Shape::named_instance, Shape::path,
                            Shape::object_path, Shape::instance_with_path}) {
    InstanceOptions options;
    options.shape = shape;
    make(options);
    options.local_only = true;
    make(options);
  }
  EXPECT_EQ(most, kMostForms);
  EXPECT_LT(engine_.forms(), kMostForms);
}

}  // namespace
}  // namespace qm::cimxml

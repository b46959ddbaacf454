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

TEST_F(CimEngine, ExtentsAreKeptAsTheyWereWrittenUpToALimit) {
  const wql::Found found = extent("Test_Small");
  const auto options = [](std::size_t which) {
    InstanceOptions out;
    out.local_only = (which & 1U) != 0;
    out.qualifiers = (which & 2U) != 0;
    out.class_origin = (which & 4U) != 0;
    out.shape = which < kMostWritten ? Shape::named_instance : Shape::name;
    return out;
  };
  for (std::size_t which = 0; which <= kMostWritten; ++which) {
    engine_.keep_written(*plan_, options(which), found, "text " + std::to_string(which));
  }
  EXPECT_EQ(engine_.written(*plan_, options(0), *found.snapshot), "");  // made way
  for (std::size_t which = 1; which <= kMostWritten; ++which) {
    EXPECT_EQ(engine_.written(*plan_, options(which), *found.snapshot),
              "text " + std::to_string(which));
  }
  engine_.keep_written(*plan_, options(1), found, std::string(kMostWrittenBytes + 1, 'x'));
  EXPECT_EQ(engine_.written(*plan_, options(1), *found.snapshot), "text 1");
  const std::string longest(kMostWrittenBytes, 'x');
  engine_.keep_written(*plan_, options(1), found, longest);
  EXPECT_EQ(engine_.written(*plan_, options(1), *found.snapshot), longest);
}

TEST_F(CimEngine, WhatIsMadeIsNotKept) {
  const wql::Found found = extent("Test_Fixed");
  ASSERT_FALSE(found.made.empty());
  engine_.keep_written(*plan_, {}, found, "text");
  EXPECT_EQ(engine_.written(*plan_, {}, *found.snapshot), "");
}

}  // namespace
}  // namespace qm::cimxml

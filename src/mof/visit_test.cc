#include "mof/visit.h"

#include <gtest/gtest.h>

#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

class Teller : public Visitor {
 public:
  void qualifier_declaration(const QualifierDeclaration& one) override {
    say("declares", one.name);
  }
  void the_class(const Class& one) override { say("class", one.name); }
  void property(const Class& of, const Property& one) override { say(of.name, one.name); }
  void method(const Class& of, const Method& one) override { say(of.name, one.name); }
  void parameter(const Class&, const Method& of, const Property& one) override {
    say(of.name, one.name);
  }
  void qualifier(std::string_view of, const Qualifier& one) override {
    say(of, "[" + one.name + "]");
  }
  void instance(const Instance& one) override { say("instance", one.class_name); }
  void value(const Instance&, const PropertyValue& one) override { say("value", one.name); }

  std::string said;

 private:
  void say(std::string_view what, std::string_view name) {
    said += std::string(what) + " " + std::string(name) + "\n";
  }
};

TEST(Visit, GoesThroughEverythingInTheOrderOfTheText) {
  const Compiled compiled = compile_text(
      "Qualifier K : boolean, Scope(any);\n"
      "[K] class A { [K] uint8 p; [K] void m([K, in] uint8 x); };\n"
      "instance of A { p = 1; };\n"
      "class B {};\n");
  Teller teller;
  visit(compiled.model, teller);
  EXPECT_EQ(teller.said,
            "declares K\nclass A\nA [K]\nA p\nA.p [K]\nA m\nA.m() [K]\nm x\nA.m().x [K]\n"
            "A.m().x [in]\ninstance A\nvalue p\nclass B\n");
}

TEST(Visit, WhoListensToNothingHearsNothing) {
  Visitor deaf;
  visit(compile_text("class A { uint8 p; };").model, deaf);
}

}  // namespace
}  // namespace qm::mof

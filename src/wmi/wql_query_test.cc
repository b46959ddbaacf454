// Every rule of the grammar and of comparison, by example.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wmi/wql_testing.h"

namespace qm::wmi::wql {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Names = std::vector<std::string>;

class WqlQuery : public ::testing::Test {
 protected:
  WqlQuery() {
    BlockBuilder one(world_.the("Test_All"));
    one.set<std::uint8_t>("U8", 200).set<std::int8_t>("S8", -5).set<std::uint16_t>("U16", 60000);
    one.set<std::int16_t>("S16", -30000).set<std::uint32_t>("U32", 4'000'000'000);
    one.set<std::int32_t>("S32", -2).set<std::uint64_t>("U64", 18'446'744'073'709'551'615U);
    one.set<std::int64_t>("S64", INT64_MIN).set<float>("R32", 1.5F).set<double>("R64", -2.25);
    one.set<std::uint8_t>("Flag", 1).set<char16_t>("Letter", u'x');
    one.text("Text", "PCI\\VEN").text("Other", "pci\\ven");
    one.set("When", datetime(u"20260101120000.000000+060"));
    BlockBuilder two(world_.the("Test_All"));
    two.set<std::uint64_t>("U64", 9'223'372'036'854'775'808U).set<std::int64_t>("S64", 7);
    two.set<std::uint8_t>("U8", 7).text("Text", "B_small").text("Other", "zebra");
    two.quality("U16", QM_UNAVAILABLE, QM_REASON_NO_PROBE).set<double>("R64", 7.0);
    BlockBuilder small(world_.the("Test_Small"));
    small.set<std::uint64_t>("U64", 5);
    const auto id = world_.source.add(world_.the("Test_All"), "one", 1);
    world_.source.publish(id, {5, 6},
                          {{"A\\one", "first", true, one.block(), one.qualities()},
                           {"two", "second", true, two.block(), two.qualities()},
                           {"off", "third", false, two.block(), two.qualities()}});
    const auto other = world_.source.add(world_.the("Test_Small"), "two", 2);
    world_.source.publish(other, {5, 6},
                          {{"b_SMALL", "small", true, small.block(), small.qualities()}});
  }
  static std::array<char16_t, 25> datetime(std::u16string_view text) {
    std::array<char16_t, 25> out{};
    std::ranges::copy(text, out.begin());
    return out;
  }
  Names where(std::string_view condition) {
    return world_.names("SELECT * FROM Test_All WHERE " + std::string(condition));
  }
  World world_;
};

TEST_F(WqlQuery, integers_are_exact_whatever_their_type) {
  EXPECT_THAT(where("U64 = 18446744073709551615"), ElementsAre("A\\one"));
  EXPECT_THAT(where("U64 > 9223372036854775807 AND U64 < 18446744073709551615"),
              ElementsAre("two"));
  EXPECT_THAT(where("S64 = -9223372036854775808"), ElementsAre("A\\one"));
  EXPECT_THAT(where("S64 < 18446744073709551615"), ElementsAre("A\\one", "two"));
  EXPECT_THAT(where("U64 > -1"), ElementsAre("A\\one", "two"));
  EXPECT_THAT(where("U64 < -1"), IsEmpty());
  EXPECT_THAT(where("U8 = 200 AND S8 = -5 AND U16 = 60000 AND S16 = -30000"),
              ElementsAre("A\\one"));
  EXPECT_THAT(where("U32 = 4000000000 AND S32 = -2"), ElementsAre("A\\one"));
  EXPECT_THAT(where("U8 = 0xC8"), ElementsAre("A\\one"));
  EXPECT_THAT(where("U8 >= 7.5"), ElementsAre("A\\one"));
  EXPECT_THAT(where("U8 > 6.5 AND U8 <= 7.5"), ElementsAre("two"));
  EXPECT_THAT(where("U8 = 7.5"), IsEmpty());
  EXPECT_THAT(where("U64 = '18446744073709551615'"), ElementsAre("A\\one"));
}

TEST_F(WqlQuery, reals_compare_with_integers_exactly) {
  EXPECT_THAT(where("R32 = 1.5"), ElementsAre("A\\one"));
  EXPECT_THAT(where("R64 = 7"), ElementsAre("two"));
  EXPECT_THAT(where("R64 < -2"), ElementsAre("A\\one"));
  EXPECT_THAT(where("R64 = -225e-2"), ElementsAre("A\\one"));
  EXPECT_THAT(where("U64 < 1.8446744073709552e19"), ElementsAre("A\\one", "two"));
  EXPECT_THAT(where("R64 = S64"), ElementsAre("two", "off"));  // of `off` both are NULL
}

TEST_F(WqlQuery, text_is_compared_without_case) {
  EXPECT_THAT(where(R"(Text = "pci\\ven")"), ElementsAre("A\\one"));
  EXPECT_THAT(where(R"(Text < 'c')"), ElementsAre("two"));
  EXPECT_THAT(where(R"(Text = Other)"), ElementsAre("A\\one", "off"));
  EXPECT_THAT(where(R"(Letter = 'X')"), ElementsAre("A\\one"));
  EXPECT_THAT(where(R"('c' > Text)"), ElementsAre("two"));
  EXPECT_THAT(where(R"(Other = "it's")"), IsEmpty());
}

TEST_F(WqlQuery, null_equals_null_alone) {
  EXPECT_THAT(where("U16 IS NULL"), ElementsAre("two", "off"));
  EXPECT_THAT(where("U16 = NULL"), ElementsAre("two", "off"));
  EXPECT_THAT(where("U16 IS NOT NULL"), ElementsAre("A\\one"));
  EXPECT_THAT(where("NULL <> U16"), ElementsAre("A\\one"));
  EXPECT_THAT(where("U16 = 0"), IsEmpty());
  EXPECT_THAT(where("U16 <> 0"), ElementsAre("A\\one", "two", "off"));
  EXPECT_THAT(where("U16 >= 0"), ElementsAre("A\\one"));
  EXPECT_THAT(where("NOT U16 >= 0"), ElementsAre("two", "off"));
  EXPECT_THAT(where("Caption IS NULL"), ElementsAre("A\\one", "two", "off"));  // nobody supplies it
  EXPECT_THAT(where("Inner IS NULL"), ElementsAre("off"));
}

TEST_F(WqlQuery, booleans_have_two_values_and_no_order) {
  EXPECT_THAT(where("Flag = TRUE"), ElementsAre("A\\one"));
  EXPECT_THAT(where("Flag <> true"), ElementsAre("two", "off"));
  EXPECT_THAT(where("Flag = 0"), ElementsAre("two"));
  EXPECT_THAT(where("Flag = -1"), ElementsAre("A\\one"));
  EXPECT_THAT(where("Flag = 'true'"), ElementsAre("A\\one"));
  EXPECT_THAT(where("Active = FALSE"), ElementsAre("off"));
}

TEST_F(WqlQuery, datetimes_are_compared_as_moments) {
  EXPECT_THAT(where("When = '20260101110000.000000+000'"), ElementsAre("A\\one"));
  EXPECT_THAT(where("When > '20260101105959.999999+000'"), ElementsAre("A\\one"));
  EXPECT_THAT(where("When < '20260101110000.000000+000'"), IsEmpty());
  EXPECT_THAT(where("When < '202602**000000.000000+000'"), ElementsAre("A\\one"));
  EXPECT_THAT(where("When = '202601**000000.000000+000'"), IsEmpty());
}

TEST_F(WqlQuery, like_knows_its_four_signs) {
  EXPECT_THAT(where(R"(Text LIKE "pci%")"), ElementsAre("A\\one"));
  EXPECT_THAT(where(R"(Text LIKE "%\\V_N")"), ElementsAre("A\\one"));
  EXPECT_THAT(where(R"(Text LIKE "[a-b][_]s%")"), ElementsAre("two"));
  EXPECT_THAT(where(R"(Text LIKE "[a=b]%")"), ElementsAre("two"));
  EXPECT_THAT(where(R"(Text LIKE "[^a-b]%")"), ElementsAre("A\\one"));
  EXPECT_THAT(where(R"(NOT Text LIKE "%")"), ElementsAre("off"));
  EXPECT_THAT(where(R"(Text NOT LIKE "B%")"), ElementsAre("A\\one", "off"));
  EXPECT_THAT(where(R"(Text LIKE "pci")"), IsEmpty());
}

TEST_F(WqlQuery, not_binds_before_and_before_or) {
  EXPECT_THAT(where("U8 = 7 OR U8 = 200 AND S8 = 99"), ElementsAre("two"));
  EXPECT_THAT(where("(U8 = 7 OR U8 = 200) AND S8 = 99"), IsEmpty());
  EXPECT_THAT(where("NOT U8 = 7 AND U8 IS NOT NULL"), ElementsAre("A\\one"));
  EXPECT_THAT(where("NOT (U8 = 7 AND U8 IS NOT NULL)"), ElementsAre("A\\one", "off"));
  EXPECT_THAT(where("NOT NOT U8 = 7"), ElementsAre("two"));
}

TEST_F(WqlQuery, properties_are_compared_with_properties) {
  EXPECT_THAT(where("U8 > S8"), ElementsAre("A\\one", "two"));
  EXPECT_THAT(where("U64 > S64"), ElementsAre("A\\one", "two"));
  EXPECT_THAT(where("S64 = U8"), ElementsAre("two", "off"));
}

TEST_F(WqlQuery, embedded_objects_have_properties_too) {
  EXPECT_THAT(where("Inner.Deep = 0"), ElementsAre("A\\one", "two"));
  EXPECT_THAT(where("Inner.Word = ''"), ElementsAre("A\\one", "two"));
  EXPECT_THAT(where("Inner ISA 'Test_Inner' AND U8 = 7"), ElementsAre("two"));
}

TEST_F(WqlQuery, a_class_stands_for_those_that_derive_from_it) {
  EXPECT_THAT(world_.names("SELECT * FROM Test_Base"),
              ElementsAre("A\\one", "two", "off", "b_SMALL"));
  EXPECT_THAT(world_.names("select * from TEST_BASE where __CLASS = 'test_small'"),
              ElementsAre("b_SMALL"));
  EXPECT_THAT(world_.names("SELECT * FROM Test_Base WHERE __this ISA 'Test_All' AND NOT "
                           "__RELPATH LIKE '%two%'"),
              ElementsAre("A\\one", "off"));
}

TEST_F(WqlQuery, system_properties_are_properties) {
  EXPECT_THAT(where(R"(__PATH = "\\\\host\\root\\wmi:Test_All.InstanceName=\"A\\\\one\"")"),
              ElementsAre("A\\one"));
  EXPECT_THAT(where("__SUPERCLASS = 'Test_Base' AND __DYNASTY = 'Test_Base' AND __GENUS = 2 AND "
                    "__SERVER = 'host' AND __NAMESPACE = 'ROOT\\\\WMI' AND __PROPERTY_COUNT = 20"),
              ElementsAre("A\\one", "two", "off"));
}

TEST_F(WqlQuery, names_are_looked_up_and_not_scanned) {
  EXPECT_THAT(where(R"(InstanceName = "a\\ONE")"), ElementsAre("A\\one"));
  EXPECT_EQ(world_.found.examined, 1U);
  EXPECT_THAT(where(R"(U8 = 7 AND ("Two" = InstanceName AND S64 = 7))"), ElementsAre("two"));
  EXPECT_EQ(world_.found.examined, 1U);
  EXPECT_THAT(where("InstanceName = 'two' OR InstanceName = 'a\\\\one' AND U8 > 3"),
              ElementsAre("A\\one", "two"));
  EXPECT_EQ(world_.found.examined, 2U);
  EXPECT_THAT(where("InstanceName = 'nobody'"), IsEmpty());
  EXPECT_EQ(world_.found.examined, 0U);
  EXPECT_THAT(where("InstanceName = 'two' OR U8 = 200"), ElementsAre("A\\one", "two"));
  EXPECT_EQ(world_.found.examined, 3U);
  EXPECT_THAT(where("NOT InstanceName = 'two'"), ElementsAre("A\\one", "off"));
  EXPECT_THAT(where("InstanceName = 'two' AND InstanceName = 'off'"), IsEmpty());
}

TEST_F(WqlQuery, selects_properties_in_the_order_asked_for) {
  Diagnostics diagnostics;
  const auto plan = prepare("SELECT s8, Test_All.U8, __CLASS, Inner.Deep, S8 FROM Test_All",
                            world_.repository, {}, diagnostics);
  ASSERT_TRUE(plan) << diagnostics.text();
  Names columns;
  for (const Column& column : plan->classes.front().columns) columns.push_back(column.name);
  EXPECT_THAT(columns, ElementsAre("S8", "U8", "__CLASS", "Inner.Deep"));
}

TEST_F(WqlQuery, classes_are_found_by_schema_queries) {
  EXPECT_THAT(world_.names("SELECT * FROM meta_class WHERE __this ISA 'Test_Base'"),
              ElementsAre("Test_All", "Test_Base", "Test_Small"));
  EXPECT_THAT(world_.names("SELECT * FROM meta_class WHERE __Class = 'test_link'"),
              ElementsAre("Test_Link"));
  EXPECT_THAT(world_.names("SELECT __CLASS FROM meta_class WHERE __Class LIKE '[_][_]Instance%'"),
              ElementsAre("__InstanceCreationEvent", "__InstanceDeletionEvent",
                          "__InstanceModificationEvent", "__InstanceOperationEvent"));
  EXPECT_THAT(world_.names("SELECT * FROM meta_class WHERE __SUPERCLASS IS NULL AND __GENUS = 1 "
                           "AND __CLASS LIKE 'test%'"),
              ElementsAre("Test_Base", "Test_Fixed", "Test_Inner", "Test_Link"));
}

TEST_F(WqlQuery, namespaces_are_instances_and_hold_their_own_classes) {
  EXPECT_THAT(world_.names("SELECT * FROM __NAMESPACE", "ROOT"),
              ElementsAre("cimv2", "elsewhere", "interop", "wmi"));
  EXPECT_THAT(world_.names("SELECT Name FROM __NAMESPACE WHERE Name = 'deep'", "root/elsewhere"),
              ElementsAre("deep"));
  EXPECT_THAT(world_.names("SELECT * FROM __NAMESPACE"), IsEmpty());
  EXPECT_THAT(world_.names("SELECT * FROM Test_Elsewhere", R"(\\.\root\elsewhere\deep)"),
              IsEmpty());
  EXPECT_NE(world_.complaint("SELECT * FROM Test_Elsewhere"), "");
}

TEST_F(WqlQuery, instances_of_a_mof_text_are_instances) {
  EXPECT_THAT(world_.names("SELECT * FROM Test_Fixed WHERE Number = 7"), ElementsAre("default"));
  EXPECT_THAT(world_.names("SELECT * FROM Test_Fixed WHERE NOT Number > 1"), ElementsAre("one"));
}

TEST_F(WqlQuery, so_many_rows_are_made_and_no_more) {
  Diagnostics diagnostics;
  const auto plan = prepare("SELECT * FROM Test_Fixed", world_.repository, {}, diagnostics);
  ASSERT_TRUE(plan);
  EXPECT_FALSE(run(*plan, world_.snapshot(), 2).cut);
  const Found found = run(*plan, world_.snapshot(), 1);
  EXPECT_TRUE(found.cut);
  EXPECT_EQ(found.rows.size(), 1U);
}

TEST_F(WqlQuery, associations_are_followed_both_ways) {
  EXPECT_THAT(world_.names("SELECT * FROM Test_Link").size(), 2U);
  EXPECT_THAT(world_.names("ASSOCIATORS OF {Test_All.InstanceName='two'}"), ElementsAre("b_SMALL"));
  EXPECT_THAT(world_.names("ASSOCIATORS OF {Test_Small='b_small'} WHERE ResultClass = Test_All "
                           "Role = Part ResultRole = Whole AssocClass = Test_Link"),
              ElementsAre("two"));
  EXPECT_THAT(world_.names("ASSOCIATORS OF {Test_All='two'} WHERE Role = Part"), IsEmpty());
  EXPECT_THAT(world_.names("ASSOCIATORS OF {Test_All='two'} WHERE ClassDefsOnly"),
              ElementsAre("Test_Small"));
  EXPECT_THAT(world_.names("ASSOCIATORS OF {Test_All} WHERE SchemaOnly"),
              ElementsAre("Test_Small"));
  EXPECT_THAT(world_.names("REFERENCES OF {Test_All} WHERE SchemaOnly"), ElementsAre("Test_Link"));
  EXPECT_THAT(world_.names("ASSOCIATORS OF {Test_All='two'} WHERE RequiredQualifier = abstract"),
              IsEmpty());
  EXPECT_EQ(world_
                .names("REFERENCES OF {Test_All='two'} WHERE ResultClass = Test_Link "
                       "RequiredQualifier = Association Role = Whole")
                .size(),
            1U);
  EXPECT_EQ(world_.names("REFERENCES OF {\\\\.\\root\\wmi:Test_All='two'} WHERE KeysOnly").size(),
            1U);
  EXPECT_THAT(world_.names("ASSOCIATORS OF {Test_All='nobody'}"), IsEmpty());
}

}  // namespace
}  // namespace qm::wmi::wql
